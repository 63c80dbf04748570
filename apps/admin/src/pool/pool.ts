/** The pool of credentials as operators see it: known by id and rate from the workers' board, never by a secret. */
import { type CredentialSnapshot, createPacer, type Pacer } from '@cardseal/core/pacing';
import type { AdminContext } from '../context.ts';

type PoolParts = Pick<AdminContext, 'config' | 'clock' | 'redis' | 'workers'>;

/** Null while no worker has said which credentials there are. */
export async function withPacer<T>(
  { config, clock, redis, workers }: PoolParts,
  use: (pacer: Pacer, ids: string[]) => Promise<T>,
): Promise<T | null> {
  const pool = await workers.pool();
  if (!pool) return null;
  const { credentials } = pool;
  const pacer = createPacer({ redis, prefix: config.QUEUE_PREFIX.slice(1, -1), credentials, clock });
  try {
    return await use(
      pacer,
      credentials.map(({ id }) => id),
    );
  } finally {
    pacer.stop();
  }
}

export async function poolSnapshot(parts: PoolParts): Promise<CredentialSnapshot[] | null> {
  return withPacer(parts, (pacer) => pacer.snapshot());
}
