/**
 * A marker whose queue job has ended is an unfinished generation: BullMQ gave up on it (stalled too often, a crashed
 * process) without any step running. The pipeline finishes what the ledger has, and fails what it lacks.
 */
import { asCardsealError } from '@cardseal/base/errors';
import type { PendingMarker } from '@cardseal/core/ledger';
import { describeError } from '@cardseal/core/log';
import { recognizeJobId } from '@cardseal/core/queue';
import type { WorkerContext } from '../../context.ts';
import { concludeCrashed } from '../../recognize/support/conclude-crashed.ts';
import type { SubmissionSweep } from './pending-submissions.ts';

/** The worker that ended a job may still be announcing it. */
const STILL_AT_WORK_MS = 30_000;

export async function settleAbandoned(
  context: WorkerContext,
  submits: SubmissionSweep,
  marker: PendingMarker,
): Promise<void> {
  const { jobQueue, clock, log, metrics } = context;
  const queued = await jobQueue.queues().recognize.getJob(recognizeJobId(marker.job, marker.generation));
  if (queued?.finishedOn && clock.now() - queued.finishedOn < STILL_AT_WORK_MS) return;
  try {
    const attempts = queued?.data.attempts ?? [];
    if (await concludeCrashed(context, { ...marker, attempts })) return;
    // Nothing to process: erased, or a submission that was never committed. Only an erasure may close the marker here.
    if (await context.ledger.jobs.erasures.tombstone(marker.tenant, marker.job))
      await context.ledger.jobs.markers.close(marker);
    else await submits.look(marker.tenant, marker.job);
  } catch (error) {
    metrics.count('cardseal_own_faults_total', { work: 'walk', code: asCardsealError(error).code });
    log.error('reconcile.abandoned_stuck', { tenant: marker.tenant, job_id: marker.job, ...describeError(error) });
  }
}
