import type { ObjectStore } from '@cardseal/object-store';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { describe, expect, it } from 'vitest';
import { createLedger } from './ledger.ts';

const ledgerOn = (store: ObjectStore, keyStore?: ObjectStore) =>
  createLedger({ store, master: localMasterKey(Buffer.alloc(32, 5)), ...(keyStore ? { keyStore } : {}) });

/** Confirms the deletion of several objects and does nothing, as a gateway does that ignores the query `?delete`. */
function keepsSeveral(): ObjectStore {
  const store = memoryObjectStore();
  return { ...store, delete: async (keys) => (keys.length > 1 ? undefined : store.delete(keys)) };
}

describe('the check of the store at the start', () => {
  it('passes, and leaves nothing behind', async () => {
    const store = memoryObjectStore();
    await ledgerOn(store).checkStore();
    expect([...store.objects.keys()]).toEqual([]);
  });

  it('refuses a store that ignores conditions', async () => {
    const store = memoryObjectStore();
    const careless = { ...store, create: async (key: string, body: Buffer) => store.put(key, body).then(() => true) };
    await expect(ledgerOn(careless).checkStore()).rejects.toMatchObject({ code: 'store_ignores_conditions' });
  });

  it('refuses a store that keeps deleted objects, for the data and for the keys', async () => {
    const kept = { code: 'store_keeps_deleted' };
    await expect(ledgerOn(keepsSeveral()).checkStore()).rejects.toMatchObject(kept);
    await expect(ledgerOn(memoryObjectStore(), keepsSeveral()).checkStore()).rejects.toMatchObject(kept);
  });
});
