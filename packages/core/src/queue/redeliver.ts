/** Owes a delivery once more: a person's resend, a recovery, an endpoint that is enabled again. */
import type { DeliveryRef, Ledger } from '../ledger/index.ts';
import type { JobQueue } from './job-queue.ts';
import { deliverJobId } from './names.ts';

/**
 * Gives the delivery a fresh budget of tries, due now, in the slots of late ones. The marker comes first, so that a
 * crash leaves it owed; what is on record stays. That it was asked for is kept until a try follows: a Redis that is
 * away, or forgets its last second, would let it sleep until its next scheduled try.
 */
export async function redeliver(ledger: Ledger, jobQueue: JobQueue, ref: DeliveryRef, nowMs: number): Promise<void> {
  await ledger.jobs.markers.owe(ref);
  const before = await ledger.deliveries.records.read(ref);
  if (before.entries > 0) {
    await ledger.jobs.markers.askAgain(ref);
    const fresh = { atMs: nowMs, class: 'resent', status: null, latencyMs: 0, nextAtMs: nowMs, attempt: 0 };
    await ledger.deliveries.records.record(before, fresh);
  }
  await ledger.jobs.markers.unpark(ref);
  // Without Redis the marker alone owes it: the reconciler puts it on the queue.
  const found = await requeue(jobQueue, ref).catch(() => null);
  // Whoever is at it may just have settled it, our marker included.
  if (found === 'active') await ledger.jobs.markers.owe(ref);
}

/**
 * Puts it on the queue now, wherever BullMQ has left it; of one at work the worker looks at the record before it sleeps.
 * Returns where it was, null for nowhere. Throws TransientError `queue_unavailable`.
 */
export async function requeue(jobQueue: JobQueue, ref: DeliveryRef, delayMs = 0): Promise<string | null> {
  const queued = await jobQueue.queues().deliver.getJob(deliverJobId(ref));
  const state = (await queued?.getState()) ?? null;
  if (state === 'delayed') {
    if (delayMs === 0) await queued!.promote();
    return state;
  }
  // What has ended keeps its id until it is removed, and a second job of that id would be ignored.
  if (state === 'failed' || state === 'completed') await queued!.remove();
  await jobQueue.addDeliveries([{ ref: { ...ref, late: true } as DeliveryRef, delayMs }]);
  return state;
}
