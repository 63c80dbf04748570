/** A bucket of keys that is empty, or another one than before, stops a process and makes no new key. */

import { ManualClock } from '@cardseal/base/clock';
import type { ObjectStore } from '@cardseal/object-store';
import { type MemoryObjectStore, memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../config/index.ts';
import { newId, newJobId } from '../job/index.ts';
import type { BatchId } from './batches/batch-names.ts';
import { createLedger } from './ledger.ts';
import { paths, SYSTEM_TENANT } from './paths.ts';

const TENANT = 'bank';
const clock = new ManualClock(Date.UTC(2026, 0, 1));
const open = (store: ObjectStore, keyStore: ObjectStore) =>
  createLedger({ store, keyStore, master: localMasterKey(Buffer.alloc(32, 1)), clock });

async function used() {
  const [store, keys] = [memoryObjectStore(), memoryObjectStore()];
  const ledger = open(store, keys);
  await ledger.tenants.records.create(SYSTEM_TENANT, TENANT, { name: 'A bank', createdAtMs: 0 });
  const job = newJobId(clock.now());
  await (await ledger.jobs.start(TENANT, job)).commit({ job } as never);
  return { store, keys, job };
}

async function refusal(store: ObjectStore, keys: ObjectStore): Promise<string> {
  const error = await open(store, keys)
    .keys.check()
    .then(
      () => null,
      (thrown: unknown) => thrown,
    );
  return error instanceof ConfigurationError ? error.problems.join() : '';
}

describe('the start', () => {
  it('goes on with an empty installation, with the keys that belong to the records, and with one bucket for both', async () => {
    const { store, keys } = await used();
    expect(await refusal(store, keys)).toBe('');
    expect(await refusal(memoryObjectStore(), memoryObjectStore())).toBe('');
    const both = memoryObjectStore();
    await open(both, both).tenants.records.create(SYSTEM_TENANT, TENANT, { name: 'A bank', createdAtMs: 0 });
    expect(await refusal(both, both)).toBe('');
  });

  it('ends when the bucket of keys is empty, also when only jobs are left, and makes no key', async () => {
    const { store } = await used();
    const empty = memoryObjectStore();
    expect(await refusal(store, empty)).toMatch(/^S3_KEYS_BUCKET: the bucket holds no keys/);
    await store.delete((await store.list('tenants/')).keys);
    expect(await refusal(store, empty)).toMatch(/^S3_KEYS_BUCKET: the bucket holds no keys/);
    expect(empty.objects.size).toBe(0);
  });

  it('ends when the bucket has keys of tenants and not the one of the installation', async () => {
    const { store, keys } = await used();
    await keys.delete([paths.tenantKey(SYSTEM_TENANT)]);
    expect(await refusal(store, keys)).toMatch(/lacks the key of the installation/);
  });

  it('finds keys after an empty page of the listing', async () => {
    const { store, keys } = await used();
    const thin: ObjectStore = {
      ...keys,
      list: async (prefix, options) =>
        options?.startAfter === undefined ? { keys: [], next: prefix.slice(0, -1) } : keys.list(prefix, options),
    };
    expect(await refusal(store, thin)).toBe('');
  });
});

describe('a tenant whose key is lost', () => {
  const EVIDENCE: Record<string, (store: MemoryObjectStore, keys: MemoryObjectStore) => Promise<void>> = {
    'a job': async () => {},
    'a job key alone': async (store) => store.delete((await store.list('jobs/')).keys),
    'an endpoint': async (store, keys) => {
      await open(store, keys).tenants.endpoints.create(TENANT, 'we_1', {} as never);
      await store.delete((await store.list('jobs/')).keys);
      await keys.delete((await keys.list(`keys/${TENANT}/job_`)).keys);
    },
  };

  it.each(Object.keys(EVIDENCE))('gets no new one beside %s', async (what) => {
    const { store, keys } = await used();
    await EVIDENCE[what]!(store, keys);
    await keys.delete([paths.tenantKey(TENANT)]);
    const fault = { code: 'tenant_key_missing', disposition: 'defect' };
    const ledger = open(store, keys);
    await expect(ledger.jobs.start(TENANT, newJobId(1))).rejects.toMatchObject(fault);
    await expect(ledger.intake.idempotency.fingerprint(TENANT, ['x'])).rejects.toMatchObject(fault);
    expect(keys.objects.has(paths.tenantKey(TENANT))).toBe(false);
    // Other tenants go on.
    await open(store, keys).tenants.endpoints.create('shop', 'we_1', {} as never);
  });

  it('that never was gets one, also when its first submit and batch were withdrawn before', async () => {
    const { store, keys } = await used();
    const ledger = open(store, keys);
    const job = newJobId(2);
    await ledger.jobs.markers.openGeneration('shop', job, 1, null);
    await ledger.jobs.pendingSubmissions.withdraw('shop', job);
    await ledger.intake.batches.withdraw({ tenant: 'shop', id: newId('batch', 1) as BatchId, round: 0 });
    expect([...store.objects.keys()].filter((name) => name.includes('/shop/'))).toHaveLength(3);
    await ledger.jobs.start('shop', job);
    expect(keys.objects.has(paths.tenantKey('shop'))).toBe(true);
  });

  it('uses the key that another process creates during the check', async () => {
    const { store, keys } = await used();
    const other = open(store, keys);
    let raced = false;
    const racing: ObjectStore = {
      ...store,
      list: async (prefix, options) => {
        if (!raced) {
          raced = true;
          await other.tenants.endpoints.create('shop', 'we_1', {} as never);
        }
        return store.list(prefix, options);
      },
    };
    const [one, same] = [open(racing, keys), other];
    expect(await one.intake.idempotency.fingerprint('shop', ['x'])).toBe(
      await same.intake.idempotency.fingerprint('shop', ['x']),
    );
  });
});
