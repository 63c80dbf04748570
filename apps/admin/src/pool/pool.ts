/** The pool of credentials as operators see it: known by id and rate from the workers' board, never by a secret. */
import { CardsealError, TransientError } from '@cardseal/base/errors';
import { type CredentialSnapshot, createPacer, type Pacer } from '@cardseal/pacer';
import type { AdminContext } from '../context.ts';

type PoolParts = Pick<AdminContext, 'config' | 'clock' | 'redis' | 'workers'>;

/** Null while no worker has said which credentials there are. Throws TransientError `queue_unavailable`. */
export async function withPacer<T>(
  { config, clock, redis, workers }: PoolParts,
  use: (pacer: Pacer) => Promise<T>,
): Promise<T | null> {
  const pool = await answered(workers.pool());
  if (!pool) return null;
  const { credentials } = pool;
  const pacer = createPacer({ redis, prefix: config.QUEUE_PREFIX.slice(1, -1), credentials, clock });
  try {
    return await answered(use(pacer));
  } finally {
    pacer.stop();
  }
}

/** The pool is nowhere but in Redis: what fails here, and is no error of ours, is Redis. */
async function answered<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (cause) {
    throw cause instanceof CardsealError ? cause : new TransientError('queue_unavailable', { cause });
  }
}

export async function poolSnapshot(parts: PoolParts): Promise<CredentialSnapshot[] | null> {
  return withPacer(parts, (pacer) => pacer.snapshot());
}
