/**
 * A marker whose queue job has ended is a generation that nobody finished: BullMQ gave up on it (stalled too often, a
 * crashed process) without any step running. The pipeline finishes what the ledger has; what it lacks is failed.
 */
import type { PendingMarker } from '@cardseal/core/ledger';
import { describeError } from '@cardseal/core/log';
import { recognizeJobId } from '@cardseal/core/queue';
import type { WorkerContext } from '../context.ts';
import { announce, finishErased } from '../recognize/announce.ts';
import { conclude } from '../recognize/conclude.ts';
import { failureOf } from '../recognize/failure.ts';
import { openSides, openWork } from '../recognize/work.ts';

/** A job that has just ended is still being announced by the one who ended it. */
const STILL_AT_WORK_MS = 30_000;

export async function settleAbandoned(context: WorkerContext, marker: PendingMarker): Promise<void> {
  const { conveyor, clock, log } = context;
  const queued = await conveyor.queues().recognize.getJob(recognizeJobId(marker.job, marker.generation));
  if (queued?.finishedOn && clock.now() - queued.finishedOn < STILL_AT_WORK_MS) return;
  try {
    const attempts = queued?.data.attempts ?? [];
    const work = await openWork(context, { ...marker, attempts }, AbortSignal.timeout(60_000));
    if (!work) {
      await finishErased(context, marker);
      return context.ledger.markers.close(marker);
    }
    if (!work.inventory.decided.includes(marker.generation)) {
      const side = openSides(work)[0];
      await conclude(context, work, side ? { failure: failureOf('worker_crashed', side, true) } : {});
    }
    await announce(context, work);
  } catch (error) {
    log.error('reconcile.abandoned_stuck', { tenant: marker.tenant, job_id: marker.job, ...describeError(error) });
  }
}
