import { describe, expect, it } from 'vitest';
import { minutesOf, shared } from './read.ts';

const NOW = 1_000_000_000_000;

describe('a shared read', () => {
  const clock = { now: () => NOW };

  it('serves all callers, and repeats after a failure or a result that is not kept', async () => {
    const results = [Promise.resolve('starting'), Promise.reject(new Error('down')), Promise.resolve('running')];
    let reads = 0;
    const read = shared(
      2000,
      clock,
      () => results[Math.min(reads++, 2)]!,
      (state) => state === 'running',
    );
    expect(await read()).toBe('starting');
    await expect(read()).rejects.toThrow('down');
    expect([await read(), await read(), await read()]).toEqual(['running', 'running', 'running']);
    expect(reads).toBe(3);
  });
});

describe('counts per minute', () => {
  it('include the current minute, which BullMQ has not closed', () => {
    const minutes = minutesOf({ count: 12, prevCount: 9, prevTS: NOW - 20_000 }, [4, 5], NOW);
    expect(minutes.slice(0, 4)).toEqual([3, 4, 5, 0]);
  });

  it('are zero for minutes in which no job ended', () => {
    const minutes = minutesOf({ count: 12, prevCount: 9, prevTS: NOW - 185_000 }, [4, 5], NOW);
    expect(minutes.slice(0, 7)).toEqual([0, 0, 0, 3, 4, 5, 0]);
    expect(minutesOf({ count: 12, prevCount: 9, prevTS: 1 }, [4], NOW).every((number) => number === 0)).toBe(true);
  });

  it('are zero before the first job', () => {
    expect(minutesOf({ count: 0, prevCount: 0, prevTS: 0 }, [], NOW)).toEqual(Array.from({ length: 60 }, () => 0));
  });
});
