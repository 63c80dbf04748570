/** Reads the time of the Redis server of a connection. */
import { once } from 'node:events';
import type { TimeSource } from './quorum-clock.ts';

/** As much of a Redis client as is needed. */
export interface TimedRedis extends NodeJS.EventEmitter {
  status: string;
  time(): Promise<unknown>;
}

const PATIENCE_MS = 2000;

/** Waits a little for a connection that is being made. */
export function redisTime(redis: TimedRedis): TimeSource {
  return async () => {
    if (redis.status !== 'ready') await once(redis, 'ready', { signal: AbortSignal.timeout(PATIENCE_MS) });
    const [seconds, micros] = ((await redis.time()) as unknown[]).map(Number);
    return seconds! * 1000 + micros! / 1000;
  };
}
