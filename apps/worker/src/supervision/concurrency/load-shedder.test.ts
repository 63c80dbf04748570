import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_CARDS, MIN_CARDS } from './jobs-in-flight.ts';
import { createBrake } from './load-shedder.ts';

const rounds = (brake: ReturnType<typeof createBrake>, count: number, wanted: number, lagMs: number) =>
  Array.from({ length: count }, () => brake.allow(wanted, lagMs)).at(-1)!;

describe('the brake', () => {
  it('a loop that lags has fewer and fewer cards in hand, however many its slowness asks for', () => {
    const brake = createBrake();
    expect(rounds(brake, 10, 60, 20)).toBe(60);
    // Slower calls ask for more, which is the circle to be cut.
    const given = [90, 130, 190, 256, 256, 256].map((wanted) => brake.allow(wanted, 400));
    expect(given[0]).toBeLessThan(60);
    expect(given.at(-1)).toBeLessThanOrEqual(4);
    expect(rounds(brake, 20, 256, 400)).toBe(MIN_CARDS);
  });

  it('begins small, at a start and at an opened gate, and doubles until the loop lags', () => {
    const brake = createBrake();
    const some = (count: number, lagMs: number) => Array.from({ length: count }, () => brake.allow(200, lagMs));
    expect(some(5, 20)).toEqual([16, 32, 64, 128, 200]);
    brake.startAnew();
    expect(some(3, 20)).toEqual([16, 32, 64]);
    expect(some(1, 400)).toEqual([32]);
    expect(some(2, 20)).toEqual([48, 72]);
  });

  it('lets all that is wanted come back within half a minute of quiet', () => {
    const brake = createBrake();
    rounds(brake, 20, 256, 400);
    expect(rounds(brake, 15, MAX_CARDS, 20)).toBe(MAX_CARDS);
  });

  it('never asks for more than is wanted, nor for less than keeps cards moving', () => {
    const history = fc.array(
      fc.record({ wanted: fc.integer({ min: MIN_CARDS, max: MAX_CARDS }), lagMs: fc.integer({ min: 0, max: 5000 }) }),
    );
    fc.assert(
      fc.property(history, (all) => {
        const brake = createBrake();
        for (const { wanted, lagMs } of all) {
          const cards = brake.allow(wanted, lagMs);
          expect(cards).toBeLessThanOrEqual(wanted);
          expect(cards).toBeGreaterThanOrEqual(MIN_CARDS);
        }
      }),
    );
  });
});
