/** Reads the time of a Redis server, as a source of the quorum clock. */
import { once } from 'node:events';
import type { TimeSource } from './quorum-clock.ts';

/** The part of a Redis client that this module needs. */
export interface TimedRedis extends NodeJS.EventEmitter {
  status: string;
  time(): Promise<unknown>;
}

const TIMEOUT_MS = 2000;

/** Waits briefly for a connection that is being established. */
export function redisTime(redis: TimedRedis): TimeSource {
  return async () => {
    if (redis.status !== 'ready') await once(redis, 'ready', { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const [seconds, micros] = ((await redis.time()) as unknown[]).map(Number);
    return seconds! * 1000 + micros! / 1000;
  };
}
