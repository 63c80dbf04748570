import { describe, expect, it } from 'vitest';
import { Faults } from './faults.ts';

const put = { method: 'PUT', operation: 'PutObject', key: 'jobs/t/j/request' };

describe('Faults', () => {
  it('apply to the requests that match, at most `count` times', () => {
    const faults = new Faults();
    faults.set([{ kind: 'status', status: 503, method: 'PUT', keyPattern: '^jobs/.*request$', count: 2 }]);
    const struck = [put, { ...put, method: 'GET' }, { ...put, key: 'pending/t/j.1' }, put, put].map(
      (traits) => faults.take(traits).length,
    );
    expect(struck).toEqual([1, 0, 0, 1, 0]);
    expect(faults.read()).toMatchObject([{ fired: 2 }]);
  });

  it('apply to a share of requests, the same ones for the same seed', () => {
    const pattern = (seed: number) => {
      const faults = new Faults(seed);
      faults.set([{ kind: 'cut', rate: 0.3 }]);
      return Array.from({ length: 1000 }, () => faults.take(put).length);
    };
    const struck = pattern(7).filter((count) => count === 1).length;
    expect(pattern(7)).toEqual(pattern(7));
    expect(pattern(7)).not.toEqual(pattern(8));
    expect(struck).toBeGreaterThan(250);
    expect(struck).toBeLessThan(350);
  });

  it('apply no more after a clear', () => {
    const faults = new Faults();
    faults.set([{ kind: 'slow', delayMs: 1 }]);
    faults.clear();
    expect(faults.take(put)).toEqual([]);
  });

  it('refuse an invalid rule and keep the old rules', () => {
    const faults = new Faults();
    faults.set([{ kind: 'corrupt' }]);
    for (const wrong of [
      {},
      [{ kind: 'typo' }],
      [{ kind: 'status' }],
      [{ kind: 'slow' }],
      [{ kind: 'cut', keyPattern: '(' }],
      [{ kind: 'delete_errors', objectPattern: '(' }],
      [{ kind: 'thin_pages', keys: 0 }],
    ]) {
      expect(() => faults.set(wrong)).toThrow();
    }
    expect(faults.read()).toMatchObject([{ kind: 'corrupt' }]);
  });
});
