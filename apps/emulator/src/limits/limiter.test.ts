import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLimiter } from './limiter.ts';

const DAY_MS = 86_400_000;
/** Midnight in Shanghai. */
const MIDNIGHT = Date.parse('2030-03-01T16:00:00Z');

describe('the limiter', () => {
  it('admits exactly the rate in any sliding second', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 9 }), (steps, qps) => {
        const limiter = createLimiter(() => qps);
        let at = MIDNIGHT;
        const admitted: number[] = [];
        for (const step of steps) {
          at += step;
          const inWindow = admitted.filter((time) => time > at - 1000).length;
          expect(limiter.admit('a', at)).toBe(inWindow < qps ? 'admitted' : 'qps');
          if (inWindow < qps) admitted.push(at);
        }
      }),
    );
  });

  it('admits the full rate in every fixed second', () => {
    const limiter = createLimiter(() => 2);
    limiter.set({ window: 'fixed' });
    const answers = [900, 950, 990, 1000, 1001, 1002].map((offset) => limiter.admit('a', MIDNIGHT + offset));
    expect(answers).toEqual(['admitted', 'admitted', 'qps', 'admitted', 'admitted', 'qps']);
  });

  it('counts each credential separately', () => {
    const limiter = createLimiter((id) => (id === 'a' ? 1 : 2));
    expect(['a', 'a', 'b', 'b', 'b'].map((id) => limiter.admit(id, MIDNIGHT))).toEqual([
      'admitted',
      'qps',
      'admitted',
      'admitted',
      'qps',
    ]);
  });

  it('restarts the daily allowance at midnight in Shanghai', () => {
    const limiter = createLimiter(() => 1000);
    limiter.set({ daily: 2 });
    const at = [-3, -2, -1, 0, 1, 2].map((offset) => limiter.admit('a', MIDNIGHT + DAY_MS + offset));
    expect(at).toEqual(['admitted', 'admitted', 'daily', 'admitted', 'admitted', 'daily']);
  });

  it('never restarts the total allowance until it is set again', () => {
    const limiter = createLimiter(() => 1000);
    limiter.set({ total: 1 });
    expect([0, DAY_MS, 2 * DAY_MS].map((offset) => limiter.admit('a', MIDNIGHT + offset))).toEqual([
      'admitted',
      'total',
      'total',
    ]);
    limiter.set({ total: 1 });
    expect(limiter.admit('a', MIDNIGHT + 2 * DAY_MS)).toBe('admitted');
  });

  it('refuses everything at rate 0, and admits calls again after a reset', () => {
    const limiter = createLimiter(() => 5);
    limiter.set({ qps: 0 });
    expect(limiter.admit('a', MIDNIGHT)).toBe('qps');
    limiter.reset();
    expect(limiter.limits()).toEqual({ qps: null, window: 'sliding', daily: null, total: null });
    expect(limiter.admit('a', MIDNIGHT)).toBe('admitted');
  });
});
