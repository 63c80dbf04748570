/** The id of the Redis instance: missing after Redis was emptied or replaced. */
import { randomUUID } from 'node:crypto';
import { epochKey } from '@cardseal/core/queue';
import type { Redis } from 'ioredis';

export interface RedisInstance {
  isNew(): Promise<boolean>;
  mark(): Promise<void>;
}

export function createRedisInstance(redis: Redis, prefix: string): RedisInstance {
  const key = epochKey(prefix);
  return {
    isNew: async () => (await redis.exists(key)) === 0,
    mark: async () => void (await redis.set(key, randomUUID(), 'NX')),
  };
}
