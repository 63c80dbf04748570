/**
 * Measures the cost of a closed gate: many callers are rejected, then the CPU must be idle, then an operator opens the
 * gate.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { createPacer, type Pacer } from '@cardseal/pacer';
import type { Redis } from 'ioredis';

const QUIET_SECONDS = 10;

const scriptCalls = async (redis: Redis): Promise<number> => {
  const stats = await redis.info('commandstats');
  return [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].reduce((sum, match) => sum + Number(match[1]), 0);
};

async function turnAway(pacer: Pacer, callers: number): Promise<Record<string, number>> {
  const codes: Record<string, number> = {};
  const one = async () => {
    const code = await pacer.acquire({ maxWaitMs: 1000 }).then(
      () => 'granted',
      (error) => error.code as string,
    );
    codes[code] = (codes[code] ?? 0) + 1;
  };
  await Promise.all(Array.from({ length: callers }, one));
  return codes;
}

export async function closedGate(redis: Redis, callers = 10_000): Promise<object> {
  await redis.flushall();
  const make = () => createPacer({ redis, prefix: 'bench', credentials: [{ id: 'bench', qps: 100 }] });
  const [pacer, operator] = [make(), make()];
  await operator.closeGate('bench', 'maintenance', undefined, 'bench');
  const startedMs = performance.now();
  const codes = await turnAway(pacer, callers);
  const turnedAwayMs = Math.round(performance.now() - startedMs);
  const before = await scriptCalls(redis);
  const cpu = process.cpuUsage();
  await delay(QUIET_SECONDS * 1000);
  const cpuMs = (process.cpuUsage(cpu).user + process.cpuUsage(cpu).system) / 1000;
  const perSecond = ((await scriptCalls(redis)) - before) / QUIET_SECONDS;
  const reopened = new Promise<number>((resolve) => pacer.onReopen(() => resolve(performance.now())));
  const openedMs = performance.now();
  await operator.openGate('bench', 'bench');
  const noticedMs = Math.round((await reopened) - openedMs);
  pacer.stop();
  operator.stop();
  const row = {
    callers,
    codes,
    turnedAwayMs,
    scriptsPerSecond: perSecond,
    cpuShare: cpuMs / QUIET_SECONDS / 1000,
    noticedMs,
  };
  console.log(
    `closed gate: ${callers} callers turned away in ${turnedAwayMs} ms, then ${perSecond} scripts a second and ${(row.cpuShare * 100).toFixed(1)} % of a CPU; opening noticed after ${noticedMs} ms`,
  );
  return row;
}
