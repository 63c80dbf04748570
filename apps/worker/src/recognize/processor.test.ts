/** While the ledger is away cards come back more and more seldom, and spend no attempt. */
import { ManualClock } from '@cardseal/core/clock';
import { ThrottledError, TransientError } from '@cardseal/core/errors';
import { newJobId } from '@cardseal/core/job';
import { silentLog } from '@cardseal/core/log';
import type { RecognizeJob } from '@cardseal/core/queue';
import { DelayedError, type Job } from 'bullmq';
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
    ledger: { openForWork: () => Promise.reject(outage.error) },
    meter: { left() {} },
    conveyor: { announceStarted() {}, announceChange() {} },
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

it('comes back after 1 s, 2 s, 4 s, and never later than 16 s, though the ledger stays away', async () => {
  const { job, delays, run } = cardAt({ error: new TransientError('store_unavailable') });
  for (let at = 0; at < 7; at++) await expect(run()).rejects.toBeInstanceOf(DelayedError);
  expect(delays).toEqual([1000, 2000, 4000, 8000, 8000, 8000, 8000]);
  expect(job.data).toMatchObject({ ledgerAway: 7, waitingFor: 'provider' });
});

it('waits as long as a store that is asked too much says, and starts anew after it', async () => {
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
