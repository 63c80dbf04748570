import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_JOBS, MIN_JOBS } from './jobs-in-flight.ts';
import { createLoadShedder } from './load-shedder.ts';

const rounds = (loadShedder: ReturnType<typeof createLoadShedder>, count: number, wanted: number, lagMs: number) =>
  Array.from({ length: count }, () => loadShedder.allow(wanted, lagMs)).at(-1)!;

describe('the load shedder', () => {
  it('a loop that lags has fewer and fewer cards in hand, however many its slowness asks for', () => {
    const loadShedder = createLoadShedder();
    expect(rounds(loadShedder, 10, 60, 20)).toBe(60);
    // Slower calls ask for more, which is the circle to be cut.
    const given = [90, 130, 190, 256, 256, 256].map((wanted) => loadShedder.allow(wanted, 400));
    expect(given[0]).toBeLessThan(60);
    expect(given.at(-1)).toBeLessThanOrEqual(4);
    expect(rounds(loadShedder, 20, 256, 400)).toBe(MIN_JOBS);
  });

  it('begins small, at a start and at an opened gate, and doubles until the loop lags', () => {
    const loadShedder = createLoadShedder();
    const some = (count: number, lagMs: number) => Array.from({ length: count }, () => loadShedder.allow(200, lagMs));
    expect(some(5, 20)).toEqual([16, 32, 64, 128, 200]);
    loadShedder.reset();
    expect(some(3, 20)).toEqual([16, 32, 64]);
    expect(some(1, 400)).toEqual([32]);
    expect(some(2, 20)).toEqual([48, 72]);
  });

  it('lets all that is wanted come back within half a minute of quiet', () => {
    const loadShedder = createLoadShedder();
    rounds(loadShedder, 20, 256, 400);
    expect(rounds(loadShedder, 15, MAX_JOBS, 20)).toBe(MAX_JOBS);
  });

  it('never asks for more than is wanted, nor for less than keeps cards moving', () => {
    const history = fc.array(
      fc.record({ wanted: fc.integer({ min: MIN_JOBS, max: MAX_JOBS }), lagMs: fc.integer({ min: 0, max: 5000 }) }),
    );
    fc.assert(
      fc.property(history, (all) => {
        const loadShedder = createLoadShedder();
        for (const { wanted, lagMs } of all) {
          const cards = loadShedder.allow(wanted, lagMs);
          expect(cards).toBeLessThanOrEqual(wanted);
          expect(cards).toBeGreaterThanOrEqual(MIN_JOBS);
        }
      }),
    );
  });
});
