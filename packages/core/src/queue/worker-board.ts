/**
 * What workers report to each other and to the API: that they are alive, how many there are, and the credentials by id
 * and rate. Entries expire within seconds after the last worker; Redis may lose them at any time.
 */
import type { Redis } from 'ioredis';

export interface PoolEntry {
  id: string;
  /** For example `baidu-idcard-enc`. */
  provider?: string;
  qps: number;
  daily?: number;
}

export interface Pool {
  credentials: readonly PoolEntry[];
  /** How long a worker holds a job after it has its permit. */
  afterPermitMs: number;
}

export interface WorkerBoard {
  /** Reports that this worker process has begun to start. Its first `beat` or `leave` ends the announcement. */
  announce(worker: string, nowMs: number): Promise<void>;
  /** Reports that this worker is alive. Returns the number of live workers. */
  beat(worker: string, nowMs: number, pool: Pool): Promise<number>;
  leave(worker: string): Promise<void>;
  /** The number of workers that reported recently. */
  alive(nowMs: number): Promise<number>;
  /** The number of announced workers that have not reported yet. */
  starting(nowMs: number): Promise<number>;
  /** null until a worker has reported. */
  pool(): Promise<Pool | null>;
}

/** A worker that has not reported for this long does not count. */
const ALIVE_MS = 15_000;
/** The launcher ends a worker that is not ready by then, so an older announcement belongs to a failed start. */
const STARTING_MS = 60_000;
const POOL_TTL_S = 24 * 3600;

export function createWorkerBoard(redis: Redis, prefix: string): WorkerBoard {
  const workersKey = `${prefix}:workers`;
  const startingKey = `${prefix}:workers:starting`;
  const poolKey = `${prefix}:pool`;
  return {
    async announce(worker, nowMs) {
      await redis
        .multi()
        .zadd(startingKey, nowMs, worker)
        .zremrangebyscore(startingKey, '-inf', nowMs - STARTING_MS)
        .pexpire(startingKey, STARTING_MS)
        .exec();
    },
    async beat(worker, nowMs, pool) {
      const answers = await redis
        .multi()
        .zadd(workersKey, nowMs, worker)
        .zremrangebyscore(workersKey, '-inf', nowMs - ALIVE_MS)
        .zcard(workersKey)
        .set(poolKey, JSON.stringify(pool), 'EX', POOL_TTL_S)
        .zrem(startingKey, worker)
        .exec();
      return Math.max(1, Number(answers?.[2]?.[1] ?? 1));
    },
    async leave(worker) {
      await Promise.all([redis.zrem(workersKey, worker), redis.zrem(startingKey, worker)]);
    },
    alive: (nowMs) => redis.zcount(workersKey, nowMs - ALIVE_MS, '+inf'),
    starting: (nowMs) => redis.zcount(startingKey, nowMs - STARTING_MS, '+inf'),
    async pool() {
      const text = await redis.get(poolKey);
      return text === null ? null : (JSON.parse(text) as Pool);
    },
  };
}
