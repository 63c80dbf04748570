/** Those whose time is asked for: the server behind a Redis connection, and whoever answers at the object store's address. */
import { once } from 'node:events';
import type { TimeWitness } from './agreed-clock.ts';

/** As much of a Redis client as is needed. */
export interface TimedRedis extends NodeJS.EventEmitter {
  status: string;
  time(): Promise<unknown>;
}

const PATIENCE_MS = 2000;

/** Waits a little for a connection that is being made. */
export function redisTime(redis: TimedRedis): TimeWitness {
  return async () => {
    if (redis.status !== 'ready') await once(redis, 'ready', { signal: AbortSignal.timeout(PATIENCE_MS) });
    const [seconds, micros] = ((await redis.time()) as unknown[]).map(Number);
    return seconds! * 1000 + micros! / 1000;
  };
}

/** The `Date` of any answer, which a store gives to strangers too; half a second is what it leaves out on average. */
export function storeTime({
  S3_ENDPOINT,
  S3_REGION,
}: {
  S3_ENDPOINT?: string | undefined;
  S3_REGION: string;
}): TimeWitness {
  const url = S3_ENDPOINT ?? `https://s3.${S3_REGION}.amazonaws.com`;
  return async () => {
    const answer = await fetch(url, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(PATIENCE_MS) });
    const ms = Date.parse(answer.headers.get('date') ?? '');
    if (Number.isNaN(ms)) throw new Error('the store tells no time');
    return ms + 500;
  };
}
