/** While the ledger is away, jobs run again with growing pauses and spend no attempt. */
import { ManualClock } from '@cardseal/base/clock';
import { ThrottledError, TransientError } from '@cardseal/base/errors';
import { newJobId } from '@cardseal/core/job';
import { silentLog } from '@cardseal/core/log';
import type { RecognizeJob } from '@cardseal/core/queue';
import { DelayedError, type Job, WaitingError } from 'bullmq';
import { expect, it } from 'vitest';
import type { WorkerContext } from '../context.ts';
import { recognizeProcessor } from './processor.ts';

function cardAt(outage: { error: Error }) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const context = {
    clock,
    random: () => 0,
    log: silentLog,
    config: { LOCK_DURATION_MS: 30_000 },
    ledger: { jobs: { openForWork: () => Promise.reject(outage.error) } },
    meter: { left() {} },
    jobQueue: { announceStarted() {}, announceChange() {} },
  } as unknown as WorkerContext;
  const process = recognizeProcessor(context, { hold: async () => false });
  const data: RecognizeJob = {
    tenant: 'bank',
    job: newJobId(clock.now()),
    generation: 1,
    attempts: [],
    waitingFor: 'worker',
    pictures: [],
  };
  const delays: number[] = [];
  const job = {
    data,
    id: 'card',
    opts: { attempts: 5 },
    attemptsMade: 0,
    attemptsStarted: 1,
    async updateData(given: RecognizeJob) {
      job.data = given;
    },
    async moveToDelayed(atMs: number) {
      delays.push(Math.round((atMs - Date.now()) / 100) * 100);
    },
  };
  const run = () => process(job as unknown as Job<RecognizeJob>);
  return { job, delays, run };
}

it('runs again after 1 s, 2 s, 4 s and at most 16 s while the ledger is away', async () => {
  const { job, delays, run } = cardAt({ error: new TransientError('store_unavailable') });
  for (let at = 0; at < 7; at++) await expect(run()).rejects.toBeInstanceOf(DelayedError);
  expect(delays).toEqual([1000, 2000, 4000, 8000, 8000, 8000, 8000]);
  expect(job.data).toMatchObject({ ledgerAway: 7, waitingFor: 'provider' });
});

it('waits as long as an overloaded store requests, and then starts again', async () => {
  const outage = { error: new TransientError('store_unavailable') as Error };
  const { job, delays, run } = cardAt(outage);
  await expect(run()).rejects.toBeInstanceOf(DelayedError);
  outage.error = new ThrottledError('store_throttled', 3000);
  await expect(run()).rejects.toBeInstanceOf(DelayedError);
  expect(job.data.ledgerAway).toBeUndefined();
  outage.error = new TransientError('store_unavailable');
  await expect(run()).rejects.toBeInstanceOf(DelayedError);
  expect(delays).toEqual([1000, 3000, 1000]);
});

interface Outage {
  error: unknown;
  /** When the gate is probed next, from now; 11 s unless given. */
  probeInMs?: number;
  /** Redis does not respond to questions about the queue. */
  countsFail?: boolean;
  credentials?: number;
  /** The error of the front; `error` is then the one of the back. */
  frontError?: unknown;
  outageRuns?: Map<string, readonly number[]>;
  held?: boolean;
  waiting?: number;
}

/** A job with one side that fails during the wait for a permit, with `error`. */
async function jobInOutage(outage: Outage) {
  const { job, delays } = cardAt({ error: new Error('unused') });
  const handedBack: string[] = [];
  const given: number[] = [];
  const changes: unknown[] = [];
  const context = {
    clock: new ManualClock(Date.UTC(2026, 0, 1)),
    random: () => 0,
    log: silentLog,
    config: { LOCK_DURATION_MS: 30_000 },
    ledger: {
      jobs: {
        openForWork: async () => ({
          request: { sides: outage.frontError ? ['front', 'back'] : ['front'], options: {}, expiresAtMs: null },
          sealed: {
            image: (side: string) => Promise.reject((side === 'front' && outage.frontError) || outage.error),
          },
          inventory: { decided: [], replies: [] },
        }),
        erasures: { tombstone: async () => null },
      },
    },
    metrics: { observe() {}, count() {} },
    meter: { left() {} },
    providers: new Map(Array.from({ length: outage.credentials ?? 1 }, (_, at) => [`c${at}`, { provider: 'one' }])),
    pacer: {
      outageRuns: async () => outage.outageRuns ?? new Map(),
      snapshot: async () => [
        { gate: { state: 'closed', probeAt: Date.UTC(2026, 0, 1) + (outage.probeInMs ?? 11_000) } },
      ],
    },
    jobQueue: {
      announceStarted() {},
      announceChange: (change: unknown) => changes.push(change),
      giveBackAttempts: async (of: { attemptsMade: number }, count: number) => {
        given.push(count);
        of.attemptsMade -= count;
      },
      queues: () => ({ recognize: { getJobCounts } }),
    },
  } as unknown as WorkerContext;
  async function getJobCounts() {
    if (outage.countsFail) throw new TransientError('queue_unavailable');
    return { wait: 0, prioritized: outage.waiting ?? 0 };
  }
  Object.assign(job, { moveToWait: async () => handedBack.push('job') });
  const process = recognizeProcessor(context, { hold: async () => outage.held ?? true });
  const run = () => process(job as unknown as Job<RecognizeJob>).catch((error: unknown) => error);
  return { job, delays, handedBack, given, changes, run };
}

const held = (probe: boolean) => new ThrottledError('provider_outage', 0, { fields: { probe } });

it('waits for the provider during an outage, at its position in the queue, and spends no attempt', async () => {
  const { job, delays, handedBack, changes, run } = await jobInOutage({ error: held(false) });
  expect(await run()).toBeInstanceOf(WaitingError);
  expect([handedBack, delays]).toEqual([['job'], []]);
  expect(job.data.waitingFor).toBe('provider');
  expect(changes).toEqual([expect.objectContaining({ state: 'queued', waitingFor: 'provider' })]);
});

it('lets another job be the next probe after its own probe failed, unless it is alone', async () => {
  const crowd = await jobInOutage({ error: held(true), waiting: 3 });
  expect(await crowd.run()).toBeInstanceOf(DelayedError);
  expect(crowd.delays).toEqual([13_000]);
  const alone = await jobInOutage({ error: held(true) });
  expect(await alone.run()).toBeInstanceOf(WaitingError);
});

it('lets another job probe also when the probe was the call of the other side', async () => {
  const frontError = new ThrottledError('quota_gate_closed', 1000, { fields: { reason: 'provider_outage' } });
  const { delays, run } = await jobInOutage({ frontError, error: held(true), waiting: 3 });
  expect(await run()).toBeInstanceOf(DelayedError);
  expect(delays).toEqual([13_000]);
});

it('returns before the next probe although the clock of Redis is ahead', async () => {
  const { delays, run } = await jobInOutage({ error: held(true), waiting: 3, probeInMs: 3_600_000 });
  expect(await run()).toBeInstanceOf(DelayedError);
  expect(delays).toEqual([22_000]);
});

it('spends no attempt when it is unknown whether other jobs wait', async () => {
  const { handedBack, run } = await jobInOutage({ error: held(true), countsFail: true });
  expect(await run()).toBeInstanceOf(WaitingError);
  expect(handedBack).toEqual(['job']);
});

it('tries another credential soon when only this one is in an outage', async () => {
  const { delays, run } = await jobInOutage({ error: held(false), held: false });
  expect(await run()).toBeInstanceOf(DelayedError);
  expect(delays).toEqual([0]);
});

it('records which run of problems spent an attempt, and gets the attempt back when that run becomes an outage', async () => {
  const trouble = new TransientError('upstream_http_5xx', { fields: { credential: 'main', run: 7 } });
  const outage: Outage = { error: trouble };
  const { job, given, run } = await jobInOutage(outage);
  expect(await run()).toMatchObject({ message: 'upstream_http_5xx' });
  expect(job.data.spent).toEqual([{ credential: 'main', run: 7 }]);
  job.attemptsMade = 1;
  await run();
  expect(given).toEqual([]);
  outage.outageRuns = new Map([['main', [9, 7]]]);
  outage.error = held(false);
  await run();
  expect(given).toEqual([2]);
  expect(job.data).toMatchObject({ spent: [], givenBack: 2 });
});

it('does not fail on its last attempt while problems have not closed the gate of every credential', async () => {
  const trouble = (wide: boolean) =>
    new TransientError('upstream_http_5xx', { fields: { credential: 'c0', run: 7, wide } });
  const outage: Outage = { error: trouble(true), credentials: 3 };
  const { job, run } = await jobInOutage(outage);
  job.attemptsMade = 4;
  for (let call = 0; call < 10; call++) expect(await run()).toBeInstanceOf(DelayedError);
  expect(job.data).toMatchObject({ waitingFor: 'provider', spared: 10 });
  expect(await run()).not.toBeInstanceOf(DelayedError);
  const alone = await jobInOutage({ error: trouble(true) });
  alone.job.attemptsMade = 4;
  expect(await alone.run()).not.toBeInstanceOf(DelayedError);
  const image = await jobInOutage({ error: trouble(false), credentials: 3 });
  image.job.attemptsMade = 4;
  expect(await image.run()).not.toBeInstanceOf(DelayedError);
});

it('fails an undecryptable response after three runs, whatever spent attempts before', async () => {
  const outage: Outage = { error: new TransientError('upstream_timeout') };
  const { job, run } = await jobInOutage(outage);
  const ends: unknown[] = [];
  for (let attempt = 0; attempt < 5; attempt++) {
    if (attempt === 2) {
      outage.error = new TransientError('upstream_reply_undecryptable', { fields: { upstreamClass: 'crypto' } });
    }
    job.attemptsMade = attempt;
    ends.push(await run());
  }
  const undecryptable = 'upstream_reply_undecryptable';
  // The ledger of this test takes no outcome.
  const codes = ['upstream_timeout', 'upstream_timeout', undecryptable, undecryptable, 'internal_defect'];
  expect(ends.map((end) => (end as Error).message)).toEqual(codes);
  const other = await jobInOutage(outage);
  const otherEnds: unknown[] = [];
  for (let attempt = 0; attempt < 3; attempt++) {
    other.job.attemptsMade = attempt;
    otherEnds.push(await other.run());
  }
  expect(otherEnds.map((end) => (end as Error).message)).toEqual([undecryptable, undecryptable, 'internal_defect']);
});
