import { expect, it } from 'vitest';
import { createLease } from './lease.ts';

const OLD = { memoryAgeMs: 3_600_000 };

function leaseOf(answer: () => Promise<number>, about: { stalledCounter?: number; restored?: boolean } = {}) {
  let nowMs = 0;
  const asked: [string, number][] = [];
  const { stalledCounter = 0, restored } = about;
  const job = {
    stalledCounter,
    data: restored === undefined ? {} : { restored },
    extendLock: (token: string, durationMs: number) => {
      asked.push([token, durationMs]);
      return answer();
    },
  };
  const lease = createLease(job, 'token', 5000, () => nowMs);
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { lease, asked, pass };
}

it('costs nothing while nothing is in doubt', async () => {
  const { lease, asked, pass } = leaseOf(async () => 0);
  pass(900);
  expect(await lease.holds(OLD)).toBe(true);
  expect(asked).toEqual([]);
});

it('asks after a wait, and is sure again for a while', async () => {
  const { lease, asked, pass } = leaseOf(async () => 1);
  pass(1500);
  expect(await lease.holds(OLD)).toBe(true);
  pass(800);
  expect(await lease.holds(OLD)).toBe(true);
  expect(asked).toEqual([['token', 5000]]);
});

it('asks when Redis remembers for a shorter time than the card is here, however short that is', async () => {
  const { lease, asked, pass } = leaseOf(async () => 0);
  pass(300);
  expect(await lease.holds({ memoryAgeMs: 301 })).toBe(true);
  expect(await lease.holds({ memoryAgeMs: 200 })).toBe(false);
  expect(asked).toHaveLength(1);
});

it.each([
  ['fails', () => Promise.reject(new Error('closed'))],
  ['hangs', () => new Promise<number>(() => {})],
])('is not known, and the card comes again, when Redis %s', async (_, answer) => {
  const { lease, pass } = leaseOf(answer);
  pass(1500);
  await expect(lease.holds(OLD)).rejects.toMatchObject({ code: 'pacing_unavailable', disposition: 'throttled' });
});

it('is second-hand when others died with the card, or Redis forgot it', () => {
  const secondHand = (about: Parameters<typeof leaseOf>[1]) => leaseOf(async () => 1, about).lease.secondHand;
  expect([{}, { stalledCounter: 1 }, { restored: true }].map(secondHand)).toEqual([false, true, true]);
});
