/** What waiting costs: memory and processor of the API, requests to the store, commands to Redis, as differences. */
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

/** Of the kernel's clock, in which /proc counts. */
const TICKS_PER_SECOND = 100;
/** Ours, and those of whoever is connected and idle. */
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

  async function look() {
    const s3 = (await (await fetch(`${info.s3.endpoint}/__control/stats`)).json()) as Record<string, number>;
    const commands = new Map<string, number>();
    for (const [, name, calls] of (await redis.info('commandstats')).matchAll(/cmdstat_(\S+):calls=(\d+)/g)) {
      if (!NOISE.has(name!)) commands.set(name!, Number(calls));
    }
    const cpu = await cpuSeconds(info.pids.api);
    return { atMs: performance.now(), s3, redis: Object.fromEntries(commands), cpu };
  }

  return {
    /** Begins; what is returned tells what it cost since. */
    async begin(): Promise<() => Promise<Costs>> {
      const before = await look();
      return async () => {
        const after = await look();
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
