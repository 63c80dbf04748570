/** Counts per key and window: shared through Redis, in this process alone while Redis is away. */
import type { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import { createPatience, LATE, type Patience } from '../patience/index.ts';

export interface Counter {
  /** The count after adding; a window is whatever `name` says, and is forgotten after `ttlMs`. */
  add(name: string, amount: number, ttlMs: number): Promise<number>;
}

const KEPT_NAMES = 50_000;

export function createCounter(redis: Redis, prefix: string, soon: Patience = createPatience()): Counter {
  const local = new LRUCache<string, { count: number }>({ max: KEPT_NAMES });

  function addLocally(name: string, amount: number, ttlMs: number): number {
    const entry = local.get(name) ?? { count: 0 };
    entry.count += amount;
    local.set(name, entry, { ttl: ttlMs, noUpdateTTL: true });
    return entry.count;
  }

  return {
    async add(name, amount, ttlMs) {
      // Counted here as well, so that a Redis that goes away does not make a window begin anew.
      const here = addLocally(name, amount, ttlMs);
      if (redis.status !== 'ready') return here;
      const key = `${prefix}:limit:${name}`;
      const counted = redis.multi().incrby(key, amount).pexpire(key, ttlMs).exec();
      const answer = await soon(counted).catch(() => null);
      const [error, count] = (answer === LATE ? null : answer)?.[0] ?? [true, null];
      return error ? here : Number(count);
    },
  };
}
