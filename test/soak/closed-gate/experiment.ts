/**
 * Lets many jobs wait at a closed gate of the real stack and measures the cost and the restart after it opens. The
 * numbers come from Redis, the emulator and the kernel, not from the worker.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { generateSpecimens, type Specimen } from '@cardseal/emulator/cards';
import { createPacer, type Pacer } from '@cardseal/pacer';
import { Redis } from 'ioredis';
import { startTestStack, type TestStack } from '../../support/stack.ts';

export interface Settings {
  jobs: number;
  closedMs: number;
  qps: number;
  workers: number;
  say: (line: string) => void;
}

export interface Findings {
  jobs: number;
  closedS: number;
  /** While the gate is closed, after the first seconds in which running jobs return to the queue. */
  quietS: number;
  quietCalls: number;
  quietJobStarts: number;
  quietRedisCommandsPerS: number;
  /** Share of one core, for all workers together. */
  quietWorkerCpu: number;
  callsWhileClosed: number;
  attemptsSpent: number;
  /** Starts of jobs while the gate was closed. */
  jobStarts: number;
  /** The state that the API shows for a waiting job. */
  waitingFor: string | null;
  resumedMs: number;
  /** Calls in the first second after the first call. */
  firstSecondCalls: number;
  maxInAnySecond: number;
  refused: number;
  finished: number;
  failed: number;
  finishS: number;
}

const QUEUE = '{cardseal}:recognize:';
const SUBMITTERS = 24;
const SETTLE_MS = 3000;

export async function waitAtClosedGate(settings: Settings): Promise<Findings> {
  const { qps, workers } = settings;
  const app = await startTestStack({ baiduQps: qps, workers, env: { LOG_LEVEL: 'info' } });
  const redis = new Redis(app.stack.info.redisUrl);
  const credential = app.stack.info.credentials[0]!;
  const pacer = createPacer({ redis, prefix: 'cardseal', credentials: [{ id: credential.id, qps }] });
  try {
    return await experiment(settings, { app, redis, pacer, credential: credential.id });
  } finally {
    pacer.stop();
    redis.disconnect();
    await app.stop();
  }
}

interface Setup {
  app: TestStack;
  redis: Redis;
  pacer: Pacer;
  credential: string;
}

async function experiment({ jobs, closedMs, workers, say }: Settings, setup: Setup): Promise<Findings> {
  const { app, redis, pacer, credential } = setup;
  let specimen: Specimen | undefined;
  for await (const one of generateSpecimens({ count: 1, seed: 4, scenario: 'good', scale: 0.5 })) specimen = one;
  await pacer.closeGate(credential, 'operator', undefined, 'experiment');
  const pids = Array.from({ length: workers }, (_, at) => app.stack.child(`worker-${at + 1}`).pid);

  say(`submitting ${jobs} jobs`);
  const ids = await submitAll(app, specimen!.front, jobs);
  await delay(SETTLE_MS);
  const early = await attempts(redis, ids);
  const before = await measure(setup, pids);
  say(`${jobs} jobs wait; measuring for ${closedMs / 1000} s`);
  await delay(closedMs);
  const after = await measure(setup, pids);
  const quietS = (after.atMs - before.atMs) / 1000;
  const { body: waiting } = await app.call('GET', `/v1/jobs/${ids[0]}`);
  const spent = await attempts(redis, ids);

  const openedMs = Date.now();
  await pacer.openGate(credential, 'experiment');
  const firstCallMs = await firstCall(app, after.calls);
  await delay(Math.max(0, firstCallMs + 1000 - Date.now()));
  const firstSecondCalls = (await app.stats()).calls! - after.calls;
  say(`gate opened; the first call came after ${firstCallMs - openedMs} ms`);
  const ends = await finishAll(app, redis, ids);
  const stats = await app.stats();
  return {
    jobs,
    closedS: closedMs / 1000,
    quietS,
    quietCalls: after.calls - before.calls,
    quietJobStarts: spent.started - early.started,
    quietRedisCommandsPerS: (after.commands - before.commands) / quietS,
    quietWorkerCpu: (after.cpuS - before.cpuS) / quietS,
    callsWhileClosed: after.calls,
    attemptsSpent: spent.made,
    jobStarts: spent.started,
    waitingFor: waiting.waiting_for,
    resumedMs: firstCallMs - openedMs,
    firstSecondCalls,
    maxInAnySecond: stats.max_in_any_second!,
    refused: stats.rejected_qps!,
    finished: ends.finished,
    failed: ends.failed,
    finishS: (Date.now() - openedMs) / 1000,
  };
}

async function submitAll(app: TestStack, front: Buffer, jobs: number): Promise<string[]> {
  const ids: string[] = [];
  let left = jobs;
  await Promise.all(
    Array.from({ length: SUBMITTERS }, async () => {
      while (left-- > 0) ids.push((await app.submit({ front })).id);
    }),
  );
  return ids;
}

async function measure({ app, redis }: Setup, pids: readonly number[]) {
  const atMs = Date.now();
  const [info, stats, ...cpu] = await Promise.all([redis.info('stats'), app.stats(), ...pids.map(cpuSeconds)]);
  return {
    atMs,
    commands: Number(/total_commands_processed:(\d+)/.exec(info)![1]),
    calls: stats.calls!,
    cpuS: cpu.reduce((sum, seconds) => sum + seconds, 0),
  };
}

/** User and system time of a process, from the kernel. */
async function cpuSeconds(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function attempts(redis: Redis, ids: readonly string[]): Promise<{ made: number; started: number }> {
  const sums = { made: 0, started: 0 };
  for (const id of ids) {
    const [made, started] = await redis.hmget(`${QUEUE}${id}-1`, 'atm', 'ats');
    sums.made += Number(made ?? 0);
    sums.started += Number(started ?? 0);
  }
  return sums;
}

async function firstCall(app: TestStack, before: number): Promise<number> {
  while ((await app.stats()).calls! <= before) await delay(10);
  return Date.now();
}

async function finishAll(app: TestStack, redis: Redis, ids: readonly string[]) {
  while ((await redis.zcard(`${QUEUE}prioritized`)) > 0) await delay(250);
  const ends = { finished: 0, failed: 0 };
  const left = [...ids];
  await Promise.all(
    Array.from({ length: SUBMITTERS }, async () => {
      for (let id = left.pop(); id !== undefined; id = left.pop()) {
        const job = await app.finished(id);
        ends[job.state === 'succeeded' ? 'finished' : 'failed']++;
      }
    }),
  );
  return ends;
}
