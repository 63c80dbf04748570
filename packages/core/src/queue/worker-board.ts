/**
 * What workers tell each other and the API: that they live, how many they are, and which credentials there are, by
 * id and rate only. Gone within seconds of the last worker; Redis may lose it at any time.
 */
import type { Redis } from 'ioredis';

export interface PoolEntry {
  id: string;
  qps: number;
  daily?: number;
}

export interface Pool {
  credentials: readonly PoolEntry[];
  /** How long a card stays in a worker's hand once it has its permit. */
  afterPermitMs: number;
}

export interface WorkerBoard {
  /** Says that this worker lives, and returns how many do. */
  beat(worker: string, nowMs: number, pool: Pool): Promise<number>;
  leave(worker: string): Promise<void>;
  /** How many workers were heard of lately. */
  alive(nowMs: number): Promise<number>;
  /** null while no worker has said. */
  pool(): Promise<Pool | null>;
}

/** Who has not been heard of for this long does not count. */
const ALIVE_MS = 15_000;
const POOL_TTL_S = 24 * 3600;

export function createWorkerBoard(redis: Redis, prefix: string): WorkerBoard {
  const workersKey = `${prefix}:workers`;
  const poolKey = `${prefix}:pool`;
  return {
    async beat(worker, nowMs, pool) {
      const answers = await redis
        .multi()
        .zadd(workersKey, nowMs, worker)
        .zremrangebyscore(workersKey, '-inf', nowMs - ALIVE_MS)
        .zcard(workersKey)
        .set(poolKey, JSON.stringify(pool), 'EX', POOL_TTL_S)
        .exec();
      return Math.max(1, Number(answers?.[2]?.[1] ?? 1));
    },
    async leave(worker) {
      await redis.zrem(workersKey, worker);
    },
    alive: (nowMs) => redis.zcount(workersKey, nowMs - ALIVE_MS, '+inf'),
    async pool() {
      const text = await redis.get(poolKey);
      return text === null ? null : (JSON.parse(text) as Pool);
    },
  };
}
