/**
 * Puts back what the markers owe. Adding what is already queued changes nothing, so several workers may do this at
 * once.
 */

import { asCardsealError } from '@cardseal/base/errors';
import { ERASURE_GENERATION, type PendingMarker } from '@cardseal/core/ledger';
import { describeError } from '@cardseal/core/log';
import { recognizeJobId } from '@cardseal/core/queue';
import { eraseJob, finishErasure } from '@cardseal/core/use-cases';
import type { WorkerContext } from '../../context.ts';
import { createIsolation } from '../isolation.ts';
import { pages } from '../pages.ts';
import { settleAbandoned } from './abandoned.ts';
import { createSubmissionSweep, type SubmissionSweep } from './pending-submissions.ts';

/** Returns how many jobs were missing from the queue. Throws when a transient error kept some from being read. */
export async function restorePending(
  context: WorkerContext,
  submits = createSubmissionSweep(context),
): Promise<number> {
  const alone = createIsolation(context);
  let restored = 0;
  for await (const page of pages(context.ledger.jobs.markers.pending())) {
    const states = await Promise.all(
      page.map(({ job, generation }) =>
        context.jobQueue.queues().recognize.getJobState(recognizeJobId(job, generation)),
      ),
    );
    const missing = page.filter((_, at) => states[at] === 'unknown');
    const cards = await alone.each(missing, (marker) => cardOf(context, submits, marker));
    const present = cards.filter((card) => card !== null);
    await context.jobQueue.addCards(present);
    restored += present.length;
    const ended = page.filter((_, at) => states[at] === 'failed' || states[at] === 'completed');
    for (const marker of ended) await settleAbandoned(context, submits, marker);
  }
  alone.end();
  return restored;
}

/**
 * Objects that cannot be deleted for now must not stop the scan: they are no job that Redis lacks. Their marker stays, so
 * that the next scan retries.
 */
async function erase(
  { log }: WorkerContext,
  { tenant, job }: PendingMarker,
  work: () => Promise<unknown>,
): Promise<null> {
  try {
    await work();
  } catch (error) {
    if (!['transient', 'throttled'].includes(asCardsealError(error).disposition)) throw error;
    log.warn('job.erasure_incomplete', { tenant, job_id: job, ...describeError(error) });
  }
  return null;
}

async function cardOf(context: WorkerContext, submits: SubmissionSweep, marker: PendingMarker) {
  const { tenant, job, generation } = marker;
  const { ledger } = context;
  if (generation === ERASURE_GENERATION) return eraseAsAsked(context, marker);
  const sealed = await ledger.jobs.open(tenant, job);
  const request = await sealed?.request();
  // The tombstone is read only where there is no request: an erased job has none.
  const tombstone = request ? null : await ledger.jobs.erasures.tombstone(tenant, job);
  if (tombstone) return erase(context, marker, () => finishErasure(context, tenant, job, tombstone));
  if (request)
    return { tenant, job, generation, priority: request.priority, calls: request.sides.length, restored: true };
  await submits.look(tenant, job);
  return null;
}

/** Completes an erasure that was interrupted, also of a job whose request or key is lost. It opens nothing. */
async function eraseAsAsked(context: WorkerContext, marker: PendingMarker): Promise<null> {
  const { tenant, job } = marker;
  const { ledger } = context;
  const tombstone = await ledger.jobs.erasures.tombstone(tenant, job);
  if (tombstone) return erase(context, marker, () => finishErasure(context, tenant, job, tombstone));
  if (await isAccepted(context, marker)) return erase(context, marker, () => eraseJob(context, tenant, job, 'request'));
  await ledger.jobs.markers.close(marker);
  return null;
}

/** False for a submission whose commit was taken back or withdrawn. */
async function isAccepted({ ledger }: WorkerContext, { tenant, job }: PendingMarker): Promise<boolean> {
  const { committed, requestLost } = await ledger.jobs.inventory(tenant, job);
  return requestLost || (committed && (await ledger.jobs.pendingSubmissions.left(tenant, job)) === null);
}
