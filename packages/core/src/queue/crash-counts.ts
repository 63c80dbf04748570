/** Counts how often a quarantined job was started alone without a reported end. Ids and numbers; lost with Redis. */
import type { Redis } from 'ioredis';

export interface CrashCounts {
  /** Call before a start. Returns the number of starts, this one included. */
  begin(id: string): Promise<number>;
  /** Call after a start that ended in any way. */
  end(id: string): Promise<void>;
}

export function createCrashCounts(redis: Redis, prefix: string): CrashCounts {
  const key = `${prefix}:trials`;
  return {
    begin: (id) => redis.hincrby(key, id, 1),
    end: async (id) => void (await redis.hdel(key, id)),
  };
}
