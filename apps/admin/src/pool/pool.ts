/** The credentials of the pool as operators see them. Workers report their ids and rates; secrets never leave a worker. */
import { CardsealError, TransientError } from '@cardseal/base/errors';
import { type CredentialSnapshot, createPacer, type Pacer } from '@cardseal/pacer';
import type { AdminContext } from '../context.ts';

type PoolParts = Pick<AdminContext, 'config' | 'clock' | 'redis' | 'workers'>;

/** Returns null until a worker has reported its credentials. Throws TransientError `queue_unavailable`. */
export async function withPacer<T>(
  { config, clock, redis, workers }: PoolParts,
  use: (pacer: Pacer) => Promise<T>,
): Promise<T | null> {
  const pool = await redisResult(workers.pool());
  if (!pool) return null;
  const { credentials } = pool;
  const pacer = createPacer({ redis, prefix: config.QUEUE_PREFIX.slice(1, -1), credentials, clock });
  try {
    return await redisResult(use(pacer));
  } finally {
    pacer.stop();
  }
}

/** The pool exists only in Redis, so an unclassified error here is an error of Redis. */
async function redisResult<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw cause instanceof CardsealError ? cause : new TransientError('queue_unavailable', { cause });
  }
}

export async function poolSnapshot(parts: PoolParts): Promise<CredentialSnapshot[] | null> {
  return withPacer(parts, (pacer) => pacer.snapshot());
}
