import { describe, expect, it } from 'vitest';
import { createGateBook } from './gates.ts';
import { memoryObjectStore } from './store/memory-object-store.ts';

const CLOSED = { reason: 'daily_quota', by: 'machine', untilMs: 1_790_000_000_000 };
const OPEN = { reason: '', by: '', untilMs: 0 };

describe('gates in the ledger', () => {
  it('are read as last written, and old objects go', async () => {
    const store = memoryObjectStore();
    const book = createGateBook(store);
    expect(await book.read('a')).toBe(null);
    await book.save('a', CLOSED);
    expect(await book.read('a')).toEqual(CLOSED);
    for (let turn = 0; turn < 6; turn++) await book.save('a', turn % 2 ? CLOSED : OPEN);
    expect(await book.read('a')).toEqual(CLOSED);
    expect((await store.list('gates/')).keys).toHaveLength(1);
  });

  it('are written on change only: an open gate that was never closed costs nothing', async () => {
    const store = memoryObjectStore();
    const book = createGateBook(store);
    await book.save('a', OPEN);
    expect((await store.list('gates/')).keys).toEqual([]);
    await book.save('a', CLOSED);
    const [name] = (await store.list('gates/')).keys;
    await book.save('a', CLOSED);
    expect((await store.list('gates/')).keys).toEqual([name]);
  });
});
