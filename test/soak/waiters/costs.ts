/**
 * Measures the cost of waiting as differences: memory and CPU of the API, requests to the store, and commands to Redis.
 */
import { readFile } from 'node:fs/promises';
import type { DevInfo } from '@cardseal/dev';
import { Redis } from 'ioredis';

export interface Costs {
  seconds: number;
  apiCpuSeconds: number;
  apiRssMb: number;
  s3: Record<string, number>;
  redis: Record<string, number>;
}

/** Ticks of the kernel's clock in /proc. */
const TICKS_PER_SECOND = 100;
/** Commands of this program and of idle connections. */
const NOISE = new Set(['info', 'ping', 'client', 'hello', 'auth', 'config|resetstat']);

export async function rssMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

async function cpuSeconds(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

export async function meter(info: DevInfo) {
  const redis = new Redis(info.redisUrl);

  async function sample() {
    const s3 = (await (await fetch(`${info.s3.endpoint}/__control/stats`)).json()) as Record<string, number>;
    const commands = new Map<string, number>();
    for (const [, name, calls] of (await redis.info('commandstats')).matchAll(/cmdstat_(\S+):calls=(\d+)/g)) {
      if (!NOISE.has(name!)) commands.set(name!, Number(calls));
    }
    const cpu = await cpuSeconds(info.pids.api);
    return { atMs: performance.now(), s3, redis: Object.fromEntries(commands), cpu };
  }

  return {
    /** Starts a measurement; the returned function gives the cost since. */
    async begin(): Promise<() => Promise<Costs>> {
      const before = await sample();
      return async () => {
        const after = await sample();
        return {
          seconds: (after.atMs - before.atMs) / 1000,
          apiCpuSeconds: after.cpu - before.cpu,
          apiRssMb: await rssMb(info.pids.api),
          s3: grown(before.s3, after.s3),
          redis: grown(before.redis, after.redis),
        };
      };
    },
    stop: () => redis.disconnect(),
  };
}

function grown(before: Record<string, number>, after: Record<string, number>): Record<string, number> {
  const grew = Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
  return Object.fromEntries(grew.filter(([, count]) => count > 0));
}
