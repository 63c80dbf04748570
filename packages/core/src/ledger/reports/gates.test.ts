import { memoryObjectStore } from '@cardseal/object-store';
import { describe, expect, it } from 'vitest';
import { createGateStore } from './gates.ts';

const CLOSED = { reason: 'daily_quota', by: 'machine', untilMs: 1_790_000_000_000 };
const OPEN = { reason: '', by: '', untilMs: 0 };

describe('gates in the ledger', () => {
  it('are read as last written, and old objects go', async () => {
    const store = memoryObjectStore();
    const book = createGateStore(store);
    expect(await book.read('a')).toBe(null);
    await book.save('a', CLOSED);
    expect(await book.read('a')).toEqual(CLOSED);
    for (let turn = 0; turn < 6; turn++) await book.save('a', turn % 2 ? CLOSED : OPEN);
    expect(await book.read('a')).toEqual(CLOSED);
    expect((await store.list('gates/')).keys).toHaveLength(1);
  });

  it('are never taken for open while their object is replaced, or when it is lost or damaged', async () => {
    const store = memoryObjectStore();
    const book = createGateStore(store);
    await book.save('a', CLOSED);
    const [name] = (await store.list('gates/')).keys;
    let replaced = false;
    const racing = createGateStore({
      ...store,
      get: async (key) => {
        if (!replaced) await createGateStore(store).save('a', { ...CLOSED, by: 'ann' });
        replaced = true;
        return store.get(key);
      },
    });
    expect(await racing.read('a')).toMatchObject({ reason: 'daily_quota', by: 'ann' });
    const lost = createGateStore({ ...store, get: async () => null });
    await expect(lost.read('a')).rejects.toMatchObject({ code: 'store_record_missing', disposition: 'transient' });
    await expect(lost.save('a', OPEN)).rejects.toMatchObject({ code: 'store_record_missing' });
    const damaged = createGateStore({ ...store, get: async () => Buffer.from('{"cut') });
    await expect(damaged.read('a')).rejects.toMatchObject({ code: 'gate_unreadable' });
    expect(name).toBeDefined();
  });

  it('are written on change only: an open gate that was never closed costs nothing', async () => {
    const store = memoryObjectStore();
    const book = createGateStore(store);
    await book.save('a', OPEN);
    expect((await store.list('gates/')).keys).toEqual([]);
    await book.save('a', CLOSED);
    const [name] = (await store.list('gates/')).keys;
    await book.save('a', CLOSED);
    expect((await store.list('gates/')).keys).toEqual([name]);
  });
});
