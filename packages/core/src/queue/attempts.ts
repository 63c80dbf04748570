/** Gives back attempts that BullMQ has counted. Only this file and dispositions.ts know how BullMQ counts. */
import type { Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';

/**
 * For attempts that a provider outage spent before the circuit breaker opened. Call it while the job is active: when
 * the run ends, BullMQ reads the count of this object and the count in Redis.
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
