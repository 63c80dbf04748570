/** Makes a delivery due again: an operator's resend, a recovery, or an endpoint that is enabled again. */
import type { Clock } from '@cardseal/base/clock';
import type { DeliveryRef, Ledger } from '../ledger/index.ts';
import { type JobQueue, requeue } from '../queue/index.ts';

interface ResendParts {
  ledger: Pick<Ledger, 'jobs' | 'deliveries'>;
  jobQueue: JobQueue;
  clock: Clock;
}

/**
 * Gives the delivery a fresh budget of attempts, due now, in the concurrency limit for late deliveries. The marker comes
 * first, so that a crash leaves the delivery owed. Existing records stay. The request itself is recorded until an attempt
 * follows: without it, a Redis that is away or loses its last second would let the delivery sleep until its next
 * scheduled attempt.
 */
export async function resendDelivery({ ledger, jobQueue, clock }: ResendParts, ref: DeliveryRef): Promise<void> {
  const nowMs = clock.now();
  await ledger.jobs.markers.owe(ref);
  const before = await ledger.deliveries.records.read(ref);
  if (before.entries > 0) {
    await ledger.jobs.markers.askAgain(ref);
    const fresh = { atMs: nowMs, class: 'resent', status: null, latencyMs: 0, nextAtMs: nowMs, attempt: 0 };
    await ledger.deliveries.records.record(before, fresh);
  }
  await ledger.jobs.markers.unpark(ref);
  // Without Redis the marker is enough: the reconciler puts the delivery on the queue.
  const found = await requeue(jobQueue, ref).catch(() => null);
  // A worker that has it active may just have settled it and deleted this marker.
  if (found === 'active') await ledger.jobs.markers.owe(ref);
}
