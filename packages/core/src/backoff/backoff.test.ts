import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';

it('stays between half and the whole of the doubled base, and below the ceiling', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (attempt, random) => {
        const ms = backoffMs(attempt, random, { baseMs: 100, maxMs: 5000 });
        const whole = attempt > 6 ? 5000 : 100 * 2 ** (attempt - 1);
        expect(ms).toBeGreaterThanOrEqual(Math.floor(whole / 2));
        expect(ms).toBeLessThanOrEqual(Math.min(5000, whole));
      },
    ),
  );
});
