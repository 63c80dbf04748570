/** Puts back what the markers owe. Adding what is already queued changes nothing, so that several may do it at once. */

import { createdAtMs } from '@cardseal/core/job';
import type { DeliveryRef, PendingMarker } from '@cardseal/core/ledger';
import { deliverJobId, recognizeJobId } from '@cardseal/core/queue';
import type { WorkerContext } from '../context.ts';
import { settleAbandoned } from './abandoned.ts';

const PAGE = 200;

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

async function cardOf({ ledger, clock, log }: WorkerContext, { tenant, job, generation }: PendingMarker) {
  const sealed = await ledger.openJob(tenant, job);
  const request = await sealed?.request();
  if (request) return { tenant, job, generation, priority: request.priority };
  if (clock.now() - createdAtMs(job) > SUBMIT_ACCIDENT_MS) {
    await ledger.sweepUncommitted(tenant, job);
    log.warn('reconcile.swept_uncommitted', { tenant, job_id: job });
  }
  return null;
}

export async function restoreUndelivered(context: WorkerContext): Promise<number> {
  const { conveyor, ledger, clock } = context;
  let restored = 0;
  for await (const page of pages(ledger.markers.undelivered())) {
    const states = await Promise.all(page.map((ref) => conveyor.queues().deliver.getJobState(deliverJobId(ref))));
    const missing = page.filter((_, at) => states[at] === 'unknown');
    const due = await Promise.all(missing.map(async (ref) => ({ ref, delayMs: await remainingMs(ref) })));
    await conveyor.addDeliveries(due);
    restored += due.length;
  }
  return restored;

  async function remainingMs(ref: DeliveryRef): Promise<number> {
    const { last } = await ledger.deliveries.read(ref);
    return Math.max(0, (last?.nextAtMs ?? 0) - clock.now());
  }
}

async function* pages<T>(items: AsyncIterable<T>): AsyncGenerator<T[]> {
  let page: T[] = [];
  for await (const item of items) {
    page.push(item);
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
