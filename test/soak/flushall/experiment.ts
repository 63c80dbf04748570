/**
 * Empties Redis under accepted, unfinished jobs on the real stack and waits for all of them. A store that refuses
 * outcomes stops a part of the jobs between the stored reply and the outcome. The counts come from Redis, the emulator
 * and the bucket, not from the workers.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { epochKey } from '@cardseal/core/queue';
import { generateSpecimens } from '@cardseal/emulator/cards';
import { scan } from '@cardseal/object-store';
import { createPacer, type Pacer } from '@cardseal/pacer';
import { Redis } from 'ioredis';
import { bucketOf } from '../../chaos/bucket-copy.ts';
import { unique } from '../../chaos/harness/index.ts';
import { startTestStack, type TestStack } from '../../support/stack.ts';

export interface Settings {
  jobs: number;
  /** Jobs whose reply is in the ledger when Redis is emptied. */
  repliedShare: number;
  qps: number;
  workers: number;
  say: (line: string) => void;
}

export interface Findings {
  jobs: number;
  replied: number;
  submitS: number;
  /** From FLUSHALL until the first job, and until all jobs, were queued again. */
  firstRequeuedMs: number;
  requeuedMs: number;
  requeuedPerS: number;
  calledWhileClosed: number;
  finishS: number;
  accepted: number;
  /** Accepted calls beyond the first for one image. */
  duplicates: number;
  states: Record<string, number>;
}

interface Setup {
  app: TestStack;
  redis: Redis;
  pacer: Pacer;
  credential: string;
  picture: Buffer;
}

const PREFIX = '{cardseal}';
const SUBMITTERS = 24;
const POLL_MS = 50;
/** Counting lists the whole bucket, which also loads the store of the workers. */
const COUNT_MS = 2000;
const SAY_EVERY_MS = 10_000;
const QUIET_S = 600;

export async function emptyRedis(settings: Settings): Promise<Findings> {
  const { qps, workers } = settings;
  const app = await startTestStack({ baiduQps: qps, workers, env: { LOG_LEVEL: 'warn' } });
  const redis = new Redis(app.stack.info.redisUrl);
  const credential = app.stack.info.credentials[0]!.id;
  const pacer = createPacer({ redis, prefix: 'cardseal', credentials: [{ id: credential, qps }] });
  const [specimen] = await Array.fromAsync(generateSpecimens({ count: 1, seed: 6, scenario: 'good', scale: 0.5 }));
  try {
    await app.control('PUT', { latency_ms: { p50: 5, p99: 20 } });
    return await experiment(settings, { app, redis, pacer, credential, picture: specimen!.front });
  } finally {
    pacer.stop();
    redis.disconnect();
    await app.stop();
  }
}

async function experiment({ jobs, repliedShare, say }: Settings, setup: Setup): Promise<Findings> {
  const { app, redis, pacer, credential } = setup;
  const replied = Math.round(jobs * repliedShare);
  const startedMs = performance.now();
  await refuseOutcomes(app, true);
  const ids = await submit(setup, 0, replied);
  say(`${replied} jobs submitted whose outcome the store refuses; waiting for their replies`);
  await until(async () => (await count(app, '.reply')) === replied, 'replies', COUNT_MS);
  await pacer.closeGate(credential, 'operator', undefined, 'experiment');
  ids.push(...(await submit(setup, replied, jobs - replied, say)));
  const submitS = (performance.now() - startedMs) / 1000;
  await until(async () => (await queued(redis)) >= jobs, 'cards in the queue');
  const callsBefore = (await app.stats()).calls!;

  say('FLUSHALL');
  const flushedMs = performance.now();
  await redis.flushall();
  let firstRequeuedMs = 0;
  await until(async () => {
    const there = await queued(redis);
    if (there > 0 && firstRequeuedMs === 0) firstRequeuedMs = performance.now() - flushedMs;
    return there >= jobs;
  }, 'cards in the queue again');
  const requeuedMs = performance.now() - flushedMs;
  say(`all ${jobs} are queued again after ${(requeuedMs / 1000).toFixed(1)} s`);
  await until(async () => (await redis.exists(epochKey(PREFIX))) === 1, 'the mark of a complete scan');
  const calledWhileClosed = (await app.stats()).calls! - callsBefore;

  const openedMs = performance.now();
  await refuseOutcomes(app, false);
  await pacer.openGate(credential, 'experiment');
  await untilNothingIsOwed(app, say);
  const finishS = (performance.now() - openedMs) / 1000;
  const stats = await app.stats();
  return {
    jobs,
    replied,
    submitS,
    firstRequeuedMs,
    requeuedMs,
    requeuedPerS: (jobs * 1000) / requeuedMs,
    calledWhileClosed,
    finishS,
    accepted: stats.accepted!,
    duplicates: stats.duplicates_by_image!,
    states: await statesOf(app, ids),
  };
}

async function refuseOutcomes({ stack }: TestStack, refuse: boolean): Promise<void> {
  const rules = refuse ? [{ kind: 'status', status: 503, method: 'PUT', keyPattern: '/outcome\\.' }] : [];
  const url = `${stack.info.s3.endpoint}/__control/faults`;
  const answer = await fetch(url, { method: 'PUT', body: JSON.stringify(rules) });
  if (!answer.ok) throw new Error(`store control: ${answer.status}`);
}

async function submit({ app, picture }: Setup, from: number, jobs: number, say?: (line: string) => void) {
  const ids: string[] = [];
  let next = from;
  const some = async () => {
    while (next < from + jobs) {
      ids.push((await app.submit({ front: unique(picture, next++) })).id);
      if (ids.length % 1000 === 0) say?.(`${ids.length} of ${jobs} submitted`);
    }
  };
  await Promise.all(Array.from({ length: SUBMITTERS }, some));
  return ids;
}

/** Jobs in any state of the queue. */
async function queued(redis: Redis): Promise<number> {
  const key = (name: string) => `${PREFIX}:recognize:${name}`;
  const [waiting, delayed, active, line] = await Promise.all([
    redis.zcard(key('prioritized')),
    redis.zcard(key('delayed')),
    redis.llen(key('active')),
    redis.llen(key('wait')),
  ]);
  return waiting + delayed + active + line;
}

async function count(app: TestStack, ending: string): Promise<number> {
  let found = 0;
  for await (const name of scan(bucketOf(app), 'jobs/')) if (name.endsWith(ending)) found++;
  return found;
}

/** Polled, because nothing announces that an entry has gone. */
async function until(done: () => Promise<boolean>, what: string, everyMs = POLL_MS): Promise<void> {
  const deadlineMs = performance.now() + QUIET_S * 1000;
  while (!(await done())) {
    if (performance.now() > deadlineMs) throw new Error(`${what}: not within ${QUIET_S} s`);
    await delay(everyMs);
  }
}

/** Throws only when no job finishes for a long time. The total time depends on the machine. */
async function untilNothingIsOwed(app: TestStack, say: (line: string) => void): Promise<void> {
  const bucket = bucketOf(app);
  let [fewest, movedMs, saidMs] = [Number.POSITIVE_INFINITY, performance.now(), performance.now()];
  for (;;) {
    let left = 0;
    for await (const _ of scan(bucket, 'pending/')) left++;
    if (left === 0) return;
    const nowMs = performance.now();
    if (left < fewest) [fewest, movedMs] = [left, nowMs];
    if (nowMs - movedMs > QUIET_S * 1000) throw new Error(`${left} jobs are unfinished and make no progress`);
    if (nowMs - saidMs > SAY_EVERY_MS) {
      say(`${left} jobs left`);
      saidMs = nowMs;
    }
    await delay(1000);
  }
}

async function statesOf(app: TestStack, ids: readonly string[]): Promise<Record<string, number>> {
  const states: Record<string, number> = {};
  const left = [...ids];
  const inspectSome = async () => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      const { body } = await app.call('GET', `/v1/jobs/${id}`);
      states[body.state] = (states[body.state] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: SUBMITTERS }, inspectSome));
  return states;
}
