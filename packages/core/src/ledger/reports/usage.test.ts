import { memoryObjectStore } from '@cardseal/object-store';
import { describe, expect, it } from 'vitest';
import { createUsageStore } from './usage.ts';

describe('usage of credentials in the ledger', () => {
  it('is read as last written, by credential and day, and old objects go', async () => {
    const store = memoryObjectStore();
    const book = createUsageStore(store);
    expect(await book.read('a', '2026-01-31')).toBe(null);
    for (let calls = 1; calls <= 12; calls++) expect(await book.save('a', '2026-01-31', { calls })).toBe(true);
    expect(await book.read('a', '2026-01-31')).toEqual({ calls: 12 });
    expect(await book.read('a', 'total')).toBe(null);
    expect(await book.read('b', '2026-01-31')).toBe(null);
    expect((await store.list('usage/')).keys).toHaveLength(1);
  });

  it('never falls, and writes nothing when nothing changed', async () => {
    const book = createUsageStore(memoryObjectStore());
    await book.save('a', 'total', { calls: 50, accepted: 40 });
    expect(await book.save('a', 'total', { calls: 3, accepted: 1 })).toBe(false);
    expect(await book.save('a', 'total', { calls: 51, accepted: 1 })).toBe(true);
    expect(await book.read('a', 'total')).toEqual({ calls: 51, accepted: 40 });
  });
});
