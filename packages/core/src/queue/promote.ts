/** Wakes deliveries that sleep in BullMQ's delayed set. One that is gone or awake already is left as it is. */
import { Job } from 'bullmq';
import type { Promotion } from './endpoint-limit.ts';
import type { Queues } from './job-queue.ts';

export async function promoteDeliveries({ deliver }: Queues, { ids, atMs }: Promotion, nowMs: number): Promise<void> {
  const delayMs = Math.max(0, atMs - nowMs);
  await Promise.allSettled(
    ids.map((id) => {
      // By its id alone: what a job holds is of no interest here, so that it is not fetched.
      const job = new Job(deliver, 'delivery', {} as never, {}, id);
      return delayMs > 0 ? job.changeDelay(delayMs) : job.promote();
    }),
  );
}
