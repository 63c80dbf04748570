/** Puts deliveries and recoveries on the deliver queue, wherever BullMQ has left an earlier job of the same id. */
import type { DeliveryRef, RecoveryRef } from '../ledger/index.ts';
import type { JobQueue } from './job-queue.ts';
import { deliverJobId, RECOVER } from './names.ts';

/**
 * Puts a delivery on the queue now. A worker that has it active reads its record again before the delivery sleeps.
 * Returns the state in which it was, null for none. Throws TransientError `queue_unavailable`.
 */
export async function requeue(jobQueue: JobQueue, ref: DeliveryRef, delayMs = 0): Promise<string | null> {
  const queued = await jobQueue.queues().deliver.getJob(deliverJobId(ref));
  const state = (await queued?.getState()) ?? null;
  if (state === 'delayed') {
    if (delayMs === 0) await queued!.promote();
    return state;
  }
  // A finished job keeps its id until it is removed, and BullMQ ignores a second job with the same id.
  if (state === 'failed' || state === 'completed') await queued!.remove();
  await jobQueue.addDeliveries([{ ref: { ...ref, late: true } as DeliveryRef, delayMs }]);
  return state;
}

/** Adding a recovery that is already queued changes nothing. Throws TransientError `queue_unavailable`. */
export async function addRecovery(jobQueue: JobQueue, ref: RecoveryRef): Promise<void> {
  const { deliver } = jobQueue.queues();
  await deliver.add(RECOVER as never, ref as never, {
    jobId: `recover-${ref.id}`,
    removeOnComplete: true,
    removeOnFail: true,
    stackTraceLimit: 0,
  });
}
