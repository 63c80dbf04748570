/** A record that the store lists and does not return is a fault of the store, and never a record that does not exist. */

import { ManualClock } from '@cardseal/base/clock';
import type { ObjectStore } from '@cardseal/object-store';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { expect, it } from 'vitest';
import { createLedger } from '../ledger.ts';
import { paths } from '../paths.ts';

const TENANT = 'bank';
const MASTER = localMasterKey(Buffer.alloc(32, 1));
const clock = new ManualClock(0);
const open = (store: ObjectStore) => createLedger({ store, master: MASTER, clock });

async function world() {
  const store = memoryObjectStore();
  for (const id of ['we_1', 'we_2']) await open(store).tenants.endpoints.create(TENANT, id, { url: id } as never);
  const folder = paths.record('endpoints', TENANT, 'we_1');
  return { store, folder };
}

it('is refused by get, list and change', async () => {
  const { store, folder } = await world();
  const lossy = open({ ...store, get: async (key) => (key.startsWith(folder) ? null : store.get(key)) });
  const fault = { code: 'store_record_missing', disposition: 'transient' };
  await expect(lossy.tenants.endpoints.get(TENANT, 'we_1')).rejects.toMatchObject(fault);
  await expect(lossy.tenants.endpoints.list(TENANT)).rejects.toMatchObject(fault);
  await expect(lossy.tenants.endpoints.change(TENANT, 'we_1', (value) => value)).rejects.toMatchObject(fault);
  expect(await lossy.tenants.endpoints.get(TENANT, 'we_2')).toMatchObject({ id: 'we_2' });
  expect(await lossy.tenants.endpoints.get(TENANT, 'we_3')).toBeNull();
});

it('is read again when a writer replaces the version between list and read', async () => {
  const { store, folder } = await world();
  let replaced = false;
  const racing = open({
    ...store,
    get: async (key) => {
      if (key.startsWith(folder) && !replaced) {
        replaced = true;
        const writer = open(store);
        await writer.tenants.endpoints.change(TENANT, 'we_1', (value) => ({ ...value, url: 'new' }));
        await writer.tenants.endpoints.forgetOlder(TENANT, 'we_1');
      }
      return store.get(key);
    },
  });
  expect((await racing.tenants.endpoints.list(TENANT)).map(({ value }) => value.url)).toEqual(['new', 'we_2']);
});
