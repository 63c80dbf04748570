/**
 * Whether Redis answers. Its socket does not say: a server that stands still keeps it open, and what was sent lies in
 * it for seconds until it is given up.
 */
import type { Redis } from 'ioredis';

/** A busy server answers within a tenth of it; whoever probes us waits a few times as long. */
const WITHIN_MS = 500;

/** Never throws, and is known after `withinMs` at the latest. */
export async function redisResponds(redis: Pick<Redis, 'status' | 'ping'>, withinMs = WITHIN_MS): Promise<boolean> {
  if (redis.status !== 'ready') return false;
  const pong = redis.ping().then(
    () => true,
    () => false,
  );
  return (await resolvedWithin(pong, withinMs)) ?? false;
}

/** null when the answer is not there after `withinMs`. What becomes of it later, an error too, nobody hears. */
export async function resolvedWithin<T>(answer: Promise<T>, withinMs = WITHIN_MS): Promise<T | null> {
  const { promise: late, resolve } = Promise.withResolvers<null>();
  // One more turn: of a loop that was busy until now the answer may have come long ago, and is read after the timers.
  const timer = setTimeout(() => setImmediate(resolve, null), withinMs);
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
