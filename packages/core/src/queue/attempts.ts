/** Gives back attempts that BullMQ has counted. Besides dispositions.ts the only file that knows how BullMQ counts. */
import type { Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';

/**
 * For attempts that a provider outage took before it was known as one. Call it while the job is active: BullMQ reads the
 * count of this object and the count in Redis when the run ends.
 */
export async function giveBackAttempts(
  redis: Pick<Redis, 'hset'>,
  queue: Pick<Queue, 'toKey'>,
  job: Pick<Job, 'id' | 'attemptsMade'>,
  count: number,
): Promise<void> {
  const made = Math.max(0, job.attemptsMade - count);
  if (made === job.attemptsMade) return;
  await redis.hset(queue.toKey(job.id!), 'atm', made);
  job.attemptsMade = made;
}
