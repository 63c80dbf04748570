/** Puts back what the markers owe. Adding what is already queued changes nothing, so that several may do it at once. */

import { eraseJob, finishErasure } from '@cardseal/core/erasure';
import { createdAtMs } from '@cardseal/core/job';
import { ERASURE_GENERATION, type PendingMarker } from '@cardseal/core/ledger';
import { recognizeJobId } from '@cardseal/core/queue';
import type { WorkerContext } from '../context.ts';
import { settleAbandoned } from './abandoned.ts';
import { pages } from './pages.ts';

/** Returns how many cards were missing from the queue. */
export async function restorePending(context: WorkerContext): Promise<number> {
  let restored = 0;
  for await (const page of pages(context.ledger.markers.pending())) {
    const states = await Promise.all(
      page.map(({ job, generation }) =>
        context.conveyor.queues().recognize.getJobState(recognizeJobId(job, generation)),
      ),
    );
    const missing = page.filter((_, at) => states[at] === 'unknown');
    const ended = page.filter((_, at) => states[at] === 'failed' || states[at] === 'completed');
    restored += await restoreCards(context, missing);
    for (const marker of ended) await settleAbandoned(context, marker);
  }
  return restored;
}

async function restoreCards(context: WorkerContext, missing: PendingMarker[]): Promise<number> {
  const cards = await Promise.all(missing.map((marker) => cardOf(context, marker)));
  const present = cards.filter((card) => card !== null);
  await context.conveyor.addCards(present);
  return present.length;
}

/** An accident of submit leaves a marker without a request; after ten minutes nobody is still writing it. */
const SUBMIT_ACCIDENT_MS = 10 * 60_000;

async function cardOf(context: WorkerContext, marker: PendingMarker) {
  const { tenant, job, generation } = marker;
  const { ledger, clock, log } = context;
  const sealed = await ledger.openJob(tenant, job);
  const request = await sealed?.request();
  // Of an erased job no request is read: only where there is none is the tombstone worth a look of its own.
  const tombstone = request ? null : await ledger.erasures.tombstone(tenant, job);
  if (tombstone) {
    await finishErasure(context, tenant, job, tombstone);
    return null;
  }
  if (generation === ERASURE_GENERATION) {
    // Asked for, and interrupted before it was declared.
    if (request) await eraseJob(context, tenant, job, 'request');
    else await ledger.markers.close(marker);
    return null;
  }
  if (request) return { tenant, job, generation, priority: request.priority, calls: request.sides.length };
  if (clock.now() - createdAtMs(job) > SUBMIT_ACCIDENT_MS) {
    await ledger.sweepUncommitted(tenant, job);
    log.warn('reconcile.swept_uncommitted', { tenant, job_id: job });
  }
  return null;
}
