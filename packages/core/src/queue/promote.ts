/** Promotes deliveries from BullMQ's delayed set. A delivery that is gone or not delayed is left unchanged. */
import { Job } from 'bullmq';
import type { Promotion } from './endpoint-limit.ts';
import type { Queues } from './job-queue.ts';

export async function promoteDeliveries({ deliver }: Queues, { ids, atMs }: Promotion, nowMs: number): Promise<void> {
  const delayMs = Math.max(0, atMs - nowMs);
  await Promise.allSettled(
    ids.map((id) => {
      // By id only: the data of the job is not needed, so it is not fetched.
      const job = new Job(deliver, 'delivery', {} as never, {}, id);
      return delayMs > 0 ? job.changeDelay(delayMs) : job.promote();
    }),
  );
}
