/**
 * One row of the scale table: a number of worker processes and of jobs waiting after the measured ones. The whole stack
 * runs, except for an upstream that responds at once. Waiting jobs exist only as names in Redis.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { newJobId } from '@cardseal/core/job';
import { connectRedis, createJobQueue, QUEUES } from '@cardseal/core/queue';
import { createPacer } from '@cardseal/pacer';
import { QueueEvents } from 'bullmq';
import { plainJpeg } from '../../support/images.ts';
import { startTestStack, type TestStack } from '../../support/stack.ts';
import { padded } from '../../support/vary-jpeg.ts';

export interface Row {
  workers: number;
  waiting: number;
  perSecond: number;
  /** All worker processes together. */
  cpuMsPerCard: number;
  redisCpuMsPerCard: number;
  /** The largest worker process, at the end. */
  workerRssMb: number;
  redisMb: number;
}

export interface RowOptions {
  workers: number;
  waiting: number;
  cards: number;
  say(line: string): void;
}

const PREFIX = '{cardseal}';
const PICTURE_BYTES = 60_000;
/** Jobs per worker before the measurement. */
const WARM_UP = 150;
/** By then a starting worker has scanned the ledger once. */
const FIRST_WALK_MS = 4000;
const SETTLE_MS = 2000;
const QPS = 10_000;
/** Jobs added in one command while the backlog is built. */
const BATCH = 5000;
const TICK_MS = 10;

const program = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export async function runRow({ workers, waiting, cards, say }: RowOptions): Promise<Row> {
  const app = await startTestStack({
    workers: 0,
    baiduQps: QPS,
    programs: { emulator: program('../pipeline/instant-upstream.ts') },
    env: { LOG_LEVEL: 'warn' },
  });
  const redis = connectRedis(app.stack.info.redisUrl, 'producer');
  const credential = app.stack.info.credentials[0]!.id;
  const pacer = createPacer({ redis, prefix: PREFIX.slice(1, -1), credentials: [{ id: credential, qps: QPS }] });
  const children: ChildProcess[] = [];
  const done = await watchCompleted(app.stack.info.redisUrl);
  try {
    if (redis.status !== 'ready') await once(redis, 'ready');
    for (let at = 0; at < workers; at++) children.push(startWorker(app));
    say('warming up');
    const warm = WARM_UP * workers;
    await submitCards(app, warm);
    await done.until(warm);
    await delay(FIRST_WALK_MS);
    // The gate is closed during the submits, so that they do not disturb the measurement.
    await pacer.closeGate(credential, 'operator', undefined, 'bench');
    say('submitting');
    await submitCards(app, cards);
    await addBacklog(app, redis, waiting, say);
    await settled(redis);
    say('recognising');
    await pacer.openGate(credential, 'bench');
    const counted = warm + Math.ceil(cards / 10);
    await done.until(counted);
    const before = snapshot(app, children);
    await done.until(warm + cards);
    const after = snapshot(app, children);
    const memory = /used_memory:(\d+)/.exec(await redis.info('memory'))!;
    const measured = warm + cards - counted;
    const wallMs = after.atMs - before.atMs;
    return {
      workers,
      waiting,
      perSecond: (measured * 1000) / wallMs,
      cpuMsPerCard: (after.workersCpuMs - before.workersCpuMs) / measured,
      redisCpuMsPerCard: (after.redisCpuMs - before.redisCpuMs) / measured,
      workerRssMb: after.workerRssMb,
      redisMb: Number(memory[1]) / 1e6,
    };
  } finally {
    pacer.stop();
    await Promise.all(children.map(endChild));
    await done.stop();
    redis.disconnect();
    await app.stop();
  }
}

async function submitCards(app: TestStack, count: number): Promise<void> {
  const jpeg = await plainJpeg(900, 600);
  let left = count;
  const lane = async () => {
    while (left-- > 0) {
      const body = new Uint8Array(padded(jpeg, PICTURE_BYTES));
      const headers = { 'content-type': 'image/jpeg' };
      const answer = await app.call('POST', '/v1/jobs?side=front', { body, headers });
      if (answer.status !== 202) throw new Error(`submit: ${answer.status}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}

/** Adds the backlog after the measured jobs in the same queue. No worker reaches it during the run. */
async function addBacklog(
  app: TestStack,
  redis: ReturnType<typeof connectRedis>,
  count: number,
  say: RowOptions['say'],
) {
  const jobQueue = createJobQueue(redis, PREFIX);
  const { tenant } = app.stack.info;
  for (let added = 0; added < count; added += BATCH) {
    const size = Math.min(BATCH, count - added);
    const card = () => ({ tenant, job: newJobId(Date.now()), generation: 1, priority: 'interactive' as const });
    await jobQueue.addCards(Array.from({ length: size }, card));
    if (added % 100_000 === 0) say(`${added} of ${count} waiting`);
  }
  await jobQueue.close();
}

/** Waits until Redis has no background save: adding a million jobs triggers one. */
async function settled(redis: ReturnType<typeof connectRedis>): Promise<void> {
  const busy = async () => /(rewrite|bgsave)_(in_progress|scheduled):1/.test(await redis.info('persistence'));
  do await delay(SETTLE_MS);
  while (await busy());
}

function startWorker(app: TestStack): ChildProcess {
  const env = { ...app.stack.env, RECOGNIZE_CONCURRENCY: '16', RECONCILE_INTERVAL_MS: '3600000' };
  return spawn(process.execPath, [program('../../../apps/worker/src/main.ts')], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** Counts finished jobs from queue events. Jobs of the backlog never finish. */
async function watchCompleted(redisUrl: string) {
  const events = new QueueEvents(QUEUES.recognize, { connection: { url: redisUrl }, prefix: PREFIX });
  let count = 0;
  let check = () => {};
  events.on('completed', () => {
    count++;
    check();
  });
  await events.waitUntilReady();
  return {
    until(wanted: number) {
      const { promise, resolve } = Promise.withResolvers<void>();
      check = () => {
        if (count >= wanted) resolve();
      };
      check();
      return promise;
    },
    stop: () => events.close(),
  };
}

function snapshot(app: TestStack, children: readonly ChildProcess[]) {
  const pids = children.map((child) => child.pid!);
  return {
    atMs: performance.now(),
    workersCpuMs: pids.reduce((sum, pid) => sum + cpuMs(pid), 0),
    redisCpuMs: cpuMs(app.stack.child('redis').pid),
    workerRssMb: Math.max(...pids.map(residentMb)),
  };
}

/** User and system time of a process, from the kernel. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1000;
}
