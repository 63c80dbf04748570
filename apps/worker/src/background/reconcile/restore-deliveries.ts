/**
 * Puts back the deliveries and recoveries that the ledger owes and Redis no longer knows, and restores the holds of
 * endpoints that only the delivery records contain. Adding what is already queued changes nothing.
 */
import type { DeliveryRef } from '@cardseal/core/ledger';
import { addRecovery, deliverJobId, requeue } from '@cardseal/core/queue';
import type { WorkerContext } from '../../context.ts';
import { createIsolation } from '../isolation.ts';
import { pages } from '../pages.ts';

/** A delivery that has just ended may be between its record and the deletion of its marker. */
const STILL_AT_WORK_MS = 30_000;

/** Returns how many deliveries were missing from the queue. */
export async function restoreUndelivered(context: WorkerContext): Promise<number> {
  const { jobQueue, ledger } = context;
  const alone = createIsolation(context);
  let restored = 0;
  for await (const page of pages(ledger.jobs.markers.undelivered())) {
    const { deliver } = jobQueue.queues();
    const states = await Promise.all(page.map((ref) => deliver.getJobState(deliverJobId(ref))));
    const missing = page.filter((_, at) => states[at] === 'unknown');
    const due = await alone.each(missing, (ref) => dueOf(context, ref));
    await jobQueue.addDeliveries(due);
    const ended = page.filter((_, at) => states[at] === 'failed' || states[at] === 'completed');
    const again = await alone.each(ended, (ref) => requeueEnded(context, ref));
    restored += again.filter(Boolean).length;
    restored += due.length;
  }
  for await (const page of pages(ledger.jobs.markers.askedAgain())) {
    await alone.each(page, (ref) => wakeAsked(context, ref));
  }
  for await (const recovery of ledger.deliveries.recoveries.open()) await addRecovery(jobQueue, recovery);
  alone.end();
  return restored;
}

async function dueOf({ ledger, clock, endpointLimits }: WorkerContext, ref: DeliveryRef) {
  const { last, entries } = await ledger.deliveries.records.read(ref);
  if (last?.heldUntilMs && last.heldUntilMs > clock.now()) await endpointLimits.hold(ref, last.heldUntilMs);
  const delayMs = Math.max(0, (last?.nextAtMs ?? 0) - clock.now());
  return { ref: entries > 0 ? ({ ...ref, late: true } as DeliveryRef) : ref, delayMs };
}

/** A person asked for it, and it sleeps nevertheless: Redis was away at that moment, or lost the request. */
async function wakeAsked({ jobQueue, ledger }: WorkerContext, ref: DeliveryRef): Promise<void> {
  const [{ last }, isOwed] = await Promise.all([ledger.deliveries.records.read(ref), ledger.jobs.markers.isOwed(ref)]);
  if (isOwed && last?.class === 'resent') await requeue(jobQueue, ref);
  else await ledger.jobs.markers.forgetAsked(ref);
}

/** BullMQ gave it up, stalled too often or because of a Redis error; the ledger still owes it. */
async function requeueEnded({ jobQueue, clock, ledger }: WorkerContext, ref: DeliveryRef): Promise<boolean> {
  const queued = await jobQueue.queues().deliver.getJob(deliverJobId(ref));
  if (queued?.finishedOn && clock.now() - queued.finishedOn < STILL_AT_WORK_MS) return false;
  const { last } = await ledger.deliveries.records.read(ref);
  await requeue(jobQueue, ref, Math.max(0, (last?.nextAtMs ?? 0) - clock.now()));
  return true;
}
