import { asCardsealError } from '@cardseal/base/errors';
import { createLedger, paths, SYSTEM_TENANT } from '@cardseal/core/ledger';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { expect, it } from 'vitest';
import { isLedgerAway } from '../recognize/guards/write-buffer.ts';
import { createTenants } from './tenant-cache.ts';

it('a tenant whose record the store lost is a fault that jobs wait for, and never a tenant without settings', async () => {
  const store = memoryObjectStore();
  const open = () => createLedger({ store, master: localMasterKey(Buffer.alloc(32, 1)) });
  await open().tenants.records.create(SYSTEM_TENANT, 'bank', { name: 'A bank', createdAtMs: 0 });
  expect(await createTenants(open()).get('bank')).toMatchObject({ name: 'A bank' });
  await store.delete((await store.list(paths.record('tenants', SYSTEM_TENANT, 'bank'))).keys);
  const error = await createTenants(open())
    .get('bank')
    .catch((thrown: unknown) => asCardsealError(thrown));
  expect(error).toMatchObject({ code: 'store_tenant_missing' });
  // Such a fault spends no attempt.
  expect(isLedgerAway(error)).toBe(true);
});
