import { expect, it } from 'vitest';
import { createJobLock, type LockedJob } from './job-lock.ts';

const OLD_MS = 3_600_000;
/** A slot that has begun, of a Redis whose data has this age. */
const slot = (memoryAgeMs = OLD_MS, leftMs = 0) => ({ memoryAgeMs, leftMs: () => leftMs });

function leaseOf(answer: () => Promise<number>, about: Partial<LockedJob> = {}) {
  let nowMs = 0;
  const asked: [string, number][] = [];
  const job = {
    stalledCounter: 0,
    data: {},
    extendLock: (token: string, durationMs: number) => {
      asked.push([token, durationMs]);
      return answer();
    },
    ...about,
  };
  const lock = createJobLock(job, 'token', 5000, () => nowMs);
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { lock, asked, pass };
}

it('sends no request when ownership is certain', async () => {
  const { lock, asked, pass } = leaseOf(async () => 0);
  pass(500);
  expect(await lock.holds(slot(OLD_MS, 400))).toBe(true);
  expect([asked, lock.isLost()]).toEqual([[], false]);
});

it('checks the lock when the last confirmation is a second old at the slot, and then trusts it for a second', async () => {
  const { lock, asked, pass } = leaseOf(async () => 1);
  pass(700);
  expect(await lock.holds(slot(OLD_MS, 400))).toBe(true);
  expect(asked).toEqual([['token', 5000]]);
  pass(600);
  expect(await lock.holds(slot(OLD_MS, 400))).toBe(true);
  expect([asked.length, lock.isLost()]).toEqual([1, false]);
});

it('asks Redis when its data is younger than the job in this worker, however young', async () => {
  const { lock, asked, pass } = leaseOf(async () => 0);
  pass(300);
  expect(await lock.holds(slot(301))).toBe(true);
  expect(await lock.holds(slot(200))).toBe(false);
  expect([asked.length, lock.isLost()]).toEqual([1, true]);
});

it('counts the time that the job waited in this process before its run began', async () => {
  const { lock, asked } = leaseOf(async () => 1, { processedOn: Date.now() - 3000 });
  await lock.holds(slot());
  expect(asked).toHaveLength(1);
});

it.each([
  ['fails', () => Promise.reject(new Error('closed'))],
  ['hangs', () => new Promise<number>(() => {})],
])('is not known, and the card comes again, when Redis %s', async (_, answer) => {
  const { lock, pass } = leaseOf(answer);
  pass(1500);
  await expect(lock.holds(slot())).rejects.toMatchObject({ code: 'pacing_unavailable', disposition: 'throttled' });
  expect(lock.isLost()).toBe(false);
});

it('is uncertain when another worker crashed with the job, or Redis lost it', () => {
  const reassigned = (about: Partial<LockedJob>) => leaseOf(async () => 1, about).lock.reassigned;
  expect([{}, { stalledCounter: 1 }, { data: { restored: true } }].map(reassigned)).toEqual([false, true, true]);
});
