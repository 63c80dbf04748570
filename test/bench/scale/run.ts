/**
 * One row of the scale table: so many worker processes, so many cards waiting behind the measured ones. The whole
 * stack, but for an upstream that answers at once; the waiting cards are names in Redis that nobody comes to.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { newJobId } from '@cardseal/core/job';
import { connectRedis, createConveyor, QUEUES } from '@cardseal/core/queue';
import { QueueEvents } from 'bullmq';
import { plainJpeg } from '../../support/pictures.ts';
import { startTestStack, type TestStack } from '../../support/stack.ts';
import { padded } from '../../support/stamp.ts';

export interface Row {
  workers: number;
  waiting: number;
  perSecond: number;
  /** Of all worker processes together. */
  cpuMsPerCard: number;
  redisCpuMsPerCard: number;
  /** Of the largest worker process, at the end. */
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
const WARM_UP = 100;
/** Cards added in one go while the backlog is made. */
const BATCH = 5000;
const TICK_MS = 10;

const program = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export async function runRow({ workers, waiting, cards, say }: RowOptions): Promise<Row> {
  const app = await startTestStack({
    workers: 0,
    baiduQps: 10_000,
    programs: { emulator: program('../pipeline/instant-upstream.ts') },
    env: { LOG_LEVEL: 'warn' },
  });
  const redis = connectRedis(app.stack.info.redisUrl, 'producer');
  const children: ChildProcess[] = [];
  try {
    await new Promise<void>((resolve) => redis.once('ready', resolve));
    say('submitting');
    const ids = await submitCards(app, cards + WARM_UP);
    await addBacklog(app, redis, waiting, say);
    say('working');
    const done = await watchCompleted(app.stack.info.redisUrl, ids);
    for (let at = 0; at < workers; at++) children.push(startWorker(app));
    await done.until(WARM_UP);
    const before = snapshot(app, children);
    await done.until(WARM_UP + cards);
    const after = snapshot(app, children);
    await done.stop();
    const memory = /used_memory:(\d+)/.exec(await redis.info('memory'))!;
    const wallMs = after.atMs - before.atMs;
    return {
      workers,
      waiting,
      perSecond: (cards * 1000) / wallMs,
      cpuMsPerCard: (after.workersCpuMs - before.workersCpuMs) / cards,
      redisCpuMsPerCard: (after.redisCpuMs - before.redisCpuMs) / cards,
      workerRssMb: after.workerRssMb,
      redisMb: Number(memory[1]) / 1e6,
    };
  } finally {
    await Promise.all(children.map(endChild));
    redis.disconnect();
    await app.stop();
  }
}

async function submitCards(app: TestStack, count: number): Promise<Set<string>> {
  const jpeg = await plainJpeg(900, 600);
  const ids = new Set<string>();
  let left = count;
  const lane = async () => {
    while (left-- > 0) {
      const body = new Uint8Array(padded(jpeg, PICTURE_BYTES));
      const headers = { 'content-type': 'image/jpeg' };
      const answer = await app.call('POST', '/v1/jobs?side=front', { body, headers });
      if (answer.status !== 202) throw new Error(`submit: ${answer.status}`);
      ids.add(answer.body.id);
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  return ids;
}

/** Behind the measured cards, in the same line: what waits there is looked at by nobody. */
async function addBacklog(
  app: TestStack,
  redis: ReturnType<typeof connectRedis>,
  count: number,
  say: RowOptions['say'],
) {
  const conveyor = createConveyor(redis, PREFIX);
  const { tenant } = app.stack.info;
  for (let added = 0; added < count; added += BATCH) {
    const size = Math.min(BATCH, count - added);
    const card = () => ({ tenant, job: newJobId(Date.now()), generation: 1, priority: 'interactive' as const });
    await conveyor.addCards(Array.from({ length: size }, card));
    if (added % 100_000 === 0) say(`${added} of ${count} waiting`);
  }
  await conveyor.close();
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

/** Counts the measured cards as the queue says that they are done. */
async function watchCompleted(redisUrl: string, ids: ReadonlySet<string>) {
  const events = new QueueEvents(QUEUES.recognize, { connection: { url: redisUrl }, prefix: PREFIX });
  let count = 0;
  let look = () => {};
  events.on('completed', ({ jobId }) => {
    if (ids.has(jobId.slice(0, jobId.lastIndexOf('-')))) count++;
    look();
  });
  await events.waitUntilReady();
  return {
    until(wanted: number) {
      const { promise, resolve } = Promise.withResolvers<void>();
      look = () => {
        if (count >= wanted) resolve();
      };
      look();
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
