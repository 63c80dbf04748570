/** How often a suspected card was started alone and nobody heard of the end. Ids and numbers; lost with Redis. */
import type { Redis } from 'ioredis';

export interface CrashCounts {
  /** Before a start; returns how many starts that makes, this one with them. */
  begin(id: string): Promise<number>;
  /** After a start that ended, however it ended. */
  end(id: string): Promise<void>;
}

export function createCrashCounts(redis: Redis, prefix: string): CrashCounts {
  const key = `${prefix}:trials`;
  return {
    begin: (id) => redis.hincrby(key, id, 1),
    end: async (id) => void (await redis.hdel(key, id)),
  };
}
