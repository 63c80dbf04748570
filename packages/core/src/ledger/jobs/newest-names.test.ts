import { ManualClock } from '@cardseal/base/clock';
import { memoryObjectStore } from '@cardseal/object-store';
import { describe, expect, it } from 'vitest';
import { type JobId, newJobId } from '../../job/index.ts';
import { paths } from '../paths.ts';
import { newestNames } from './newest-names.ts';

const TENANT = 'bank';
const OPEN = 3000;
const NOW = Date.UTC(2026, 10, 22);

/** So many open jobs, spread over a time; returns how many lists it took to name the oldest of all. */
async function listsToTheOldest(spreadMs: number): Promise<{ lists: number; found: number }> {
  const store = memoryObjectStore();
  const jobs = Array.from(
    { length: OPEN },
    (_, at): JobId => newJobId(NOW - spreadMs + Math.floor((at * spreadMs) / OPEN)),
  );
  for (const job of jobs) await store.put(paths.pending(TENANT, job, 1, '-'), Buffer.alloc(0));
  let lists = 0;
  const counted: typeof store = {
    ...store,
    list: (...args) => {
      lists++;
      return store.list(...args);
    },
  };
  const names = await Array.fromAsync(newestNames(counted, new ManualClock(NOW), TENANT, ''));
  return { lists, found: new Set(names.map(({ id }) => id)).size };
}

describe('the names of many open jobs', () => {
  it.each([
    ['a week', 7 * 86_400_000],
    ['a minute', 60_000],
    ['a second', 1000],
  ])('spread over %s are all read, in few looks', async (_, spreadMs) => {
    const { lists, found } = await listsToTheOldest(spreadMs);
    expect(found).toBe(OPEN);
    // Three pages of markers would be the least; each stretch looks at markers and index once.
    expect(lists).toBeLessThan(30);
  });
});
