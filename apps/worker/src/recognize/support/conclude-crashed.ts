/** Ends a job that no worker can process: stored replies count, and missing ones have failed. */
import type { WorkerContext } from '../../context.ts';
import type { Run } from '../pipeline.ts';
import { announce, finishErased } from '../steps/announce.ts';
import { conclude } from '../steps/conclude.ts';
import { failureOf } from './failure.ts';
import { openSides, openWork, type WorkOrder } from './work.ts';

const PATIENCE_MS = 60_000;

/** The resulting state; null when there was nothing to end: erased, or never committed. */
export async function concludeCrashed(context: WorkerContext, card: WorkOrder): Promise<Run | null> {
  const work = await openWork(context, card, AbortSignal.timeout(PATIENCE_MS));
  if (!work) {
    await finishErased(context, card);
    return null;
  }
  if (!work.inventory.decided.includes(work.generation)) {
    const side = openSides(work)[0];
    await conclude(context, work, side ? { failure: failureOf('worker_crashed', side, true) } : {});
  }
  const outcome = await announce(context, work);
  return outcome?.state === 'failed' ? { kind: 'failed', code: outcome.code } : { kind: 'done' };
}
