import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobsInFlight, MAX_JOBS, MIN_JOBS } from './jobs-in-flight.ts';

const facts = fc.record({
  callsPerSecond: fc.double({ min: 0.1, max: 500, noNaN: true }),
  workers: fc.integer({ min: 1, max: 16 }),
  callsPerJob: fc.double({ min: 1, max: 2, noNaN: true }),
  holdMs: fc.double({ min: 1, max: 20_000, noNaN: true }),
});

describe('jobs in flight', () => {
  it('all workers together reach the rate, within limits', () => {
    fc.assert(
      fc.property(facts, (it) => {
        const cards = jobsInFlight(it);
        expect(cards).toBeGreaterThanOrEqual(MIN_JOBS);
        expect(cards).toBeLessThanOrEqual(MAX_JOBS);
        const carried = (cards * it.workers * it.callsPerJob * 1000) / it.holdMs;
        if (cards < MAX_JOBS) expect(carried).toBeGreaterThanOrEqual(it.callsPerSecond);
      }),
    );
  });

  it('at most twice the mean plus three', () => {
    fc.assert(
      fc.property(facts, (it) => {
        const mean = (it.callsPerSecond / it.workers / it.callsPerJob) * (it.holdMs / 1000);
        expect(jobsInFlight(it)).toBeLessThanOrEqual(Math.max(MIN_JOBS, 2 * mean + 3));
      }),
    );
  });

  it('follows rate and time, and falls with workers', () => {
    const at = (change: object) =>
      jobsInFlight({ callsPerSecond: 50, workers: 2, callsPerJob: 1, holdMs: 1000, ...change });
    expect(at({})).toBe(34);
    expect(at({ holdMs: 3000 })).toBe(89);
    expect(at({ workers: 4 })).toBe(19);
    expect(at({ callsPerSecond: 2 })).toBe(4);
  });
});
