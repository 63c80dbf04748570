/**
 * A marker whose queue job has ended is a generation that nobody finished: BullMQ gave up on it (stalled too often, a
 * crashed process) without any step running. The pipeline finishes what the ledger has; what it lacks is failed.
 */
import type { PendingMarker } from '@cardseal/core/ledger';
import { describeError } from '@cardseal/core/log';
import { recognizeJobId } from '@cardseal/core/queue';
import type { WorkerContext } from '../context.ts';
import { concludeCrashed } from '../recognize/crashed.ts';

/** A job that has just ended is still being announced by the one who ended it. */
const STILL_AT_WORK_MS = 30_000;

export async function settleAbandoned(context: WorkerContext, marker: PendingMarker): Promise<void> {
  const { conveyor, clock, log } = context;
  const queued = await conveyor.queues().recognize.getJob(recognizeJobId(marker.job, marker.generation));
  if (queued?.finishedOn && clock.now() - queued.finishedOn < STILL_AT_WORK_MS) return;
  try {
    const attempts = queued?.data.attempts ?? [];
    if (await concludeCrashed(context, { ...marker, attempts })) return;
    await context.ledger.markers.close(marker);
  } catch (error) {
    log.error('reconcile.abandoned_stuck', { tenant: marker.tenant, job_id: marker.job, ...describeError(error) });
  }
}
