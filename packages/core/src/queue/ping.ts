/**
 * Whether Redis responds. The socket does not show it: a server that hangs keeps it open, and commands stay in it for
 * seconds until they time out.
 */
import type { Redis } from 'ioredis';

/** A busy server responds within a tenth of this time. Callers that probe this process wait a few times as long. */
const WITHIN_MS = 500;

/** Never throws. Resolves after `withinMs` at the latest. */
export async function redisResponds(redis: Pick<Redis, 'status' | 'ping'>, withinMs = WITHIN_MS): Promise<boolean> {
  if (redis.status !== 'ready') return false;
  const pong = redis.ping().then(
    () => true,
    () => false,
  );
  return (await resolvedWithin(pong, withinMs)) ?? false;
}

/** null when there is no response after `withinMs`. A later response or error is ignored. */
export async function resolvedWithin<T>(answer: Promise<T>, withinMs = WITHIN_MS): Promise<T | null> {
  const { promise: late, resolve } = Promise.withResolvers<null>();
  // One more turn of the event loop: after a long task the response may have arrived long ago, and is read after the
  // timers.
  const timer = setTimeout(() => setImmediate(resolve, null), withinMs);
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
