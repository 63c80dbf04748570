import { describe, expect, it } from 'vitest';
import { createTimeoutBreaker, LATE } from './timeout-breaker.ts';

const never = new Promise<never>(() => {});

describe('the timeout breaker', () => {
  it('passes on a result and a failure that arrive in time', async () => {
    const soon = createTimeoutBreaker(1000);
    expect(await soon(Promise.resolve(7))).toBe(7);
    await expect(soon(Promise.reject(new Error('away')))).rejects.toThrow('away');
  });

  it('waits for one late command, and fails later ones at once until Redis responds', async () => {
    const soon = createTimeoutBreaker(20);
    const first = Promise.withResolvers<number>();
    expect(await soon(first.promise)).toBe(LATE);
    const startedMs = performance.now();
    for (let n = 0; n < 50; n++) expect(await soon(never)).toBe(LATE);
    expect(performance.now() - startedMs).toBeLessThan(200);
    first.resolve(1);
    await first.promise;
    expect(await soon(Promise.resolve(2))).toBe(2);
  });

  it('a late failure is no unhandled rejection, and no sign that Redis is back', async () => {
    const soon = createTimeoutBreaker(1);
    const first = Promise.withResolvers<number>();
    expect(await soon(first.promise)).toBe(LATE);
    expect(await soon(Promise.reject(new Error('later')))).toBe(LATE);
    first.reject(new Error('given up'));
    await first.promise.catch(() => {});
    const startedMs = performance.now();
    for (let n = 0; n < 50; n++) expect(await soon(never)).toBe(LATE);
    expect(performance.now() - startedMs).toBeLessThan(200);
    expect(await soon(Promise.resolve(3))).toBe(LATE);
    expect(await soon(Promise.resolve(4))).toBe(4);
  });
});
