import { ManualClock } from '@cardseal/base/clock';
import { TransientError } from '@cardseal/base/errors';
import { memoryObjectStore } from '@cardseal/object-store';
import { describe, expect, it } from 'vitest';
import { keyPaths } from './key-paths.ts';
import { createKeyRotation } from './key-rotation.ts';
import { createKeyring } from './keyring.ts';
import { fingerprint, localMasterKey } from './master-key.ts';
import { createTenantKeyCache, KEY_TTL_MS } from './tenant-key-cache.ts';
import { readVersion } from './tenant-key-version.ts';

const jobId = (at: number) => `job_${at}`;

const [oldKey, newKey] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];

function keysUnder(master: Buffer, keyStore = memoryObjectStore(), store = memoryObjectStore()) {
  const service = localMasterKey(master);
  const keyring = createKeyring(keyStore, service, new ManualClock(0));
  return {
    keyStore,
    store,
    keyring,
    rotation: createKeyRotation({
      isErased: async (_tenant, job) => (await store.get(`tombstone/${job}`)) !== null,
      keyStore,
      keyring,
      master: service,
    }),
  };
}

describe('rotation of keys', () => {
  it('the master: nothing is wrapped with the old one afterwards, and everything opens without it', async () => {
    const { keyStore, keyring } = keysUnder(oldKey);
    const job = jobId(1);
    const key = await keyring.makeJobKey('bank', job);
    await keyring.makeJobKey('shop', jobId(2));
    const both = keysUnder(Buffer.concat([newKey, oldKey]), keyStore);
    expect((await both.rotation.status()).wrappedBy).toEqual({ [fingerprint(oldKey)]: 2 });
    expect(await both.rotation.rewrapTenantKeys()).toEqual({ looked: 2, rewrapped: 2 });
    expect(await both.rotation.rewrapTenantKeys()).toEqual({ looked: 2, rewrapped: 0 });
    expect((await both.rotation.status()).wrappedBy).toEqual({ [fingerprint(newKey)]: 2 });
    expect(await keysUnder(newKey, keyStore).keyring.jobKey('bank', job)).toEqual(key);
  });

  it("a tenant's: cut off anywhere and run again, every job opens and is wrapped with the newest", async () => {
    for (let cutAfter = 0; cutAfter < 6; cutAfter++) {
      const inner = memoryObjectStore();
      let left = Number.POSITIVE_INFINITY;
      const cut: typeof inner = {
        ...inner,
        async put(name, body) {
          if (left-- <= 0) throw new TransientError('store_unavailable');
          await inner.put(name, body);
        },
      };
      const { keyring, rotation } = keysUnder(oldKey, cut);
      const jobs = [1, 2, 3, 4, 5].map((at) => jobId(at));
      const made = await Promise.all(jobs.map((job) => keyring.makeJobKey('bank', job)));
      await rotation.addTenantKey('bank');
      left = cutAfter;
      await rotation.rewrapJobKeys('bank').catch(() => {});
      expect(await Promise.all(jobs.map((job) => keyring.jobKey('bank', job)))).toEqual(made);
      left = Number.POSITIVE_INFINITY;
      await rotation.rewrapJobKeys('bank');
      for (const job of jobs) expect(readVersion(inner.objects.get(keyPaths.jobKey('bank', job))!).version).toBe(2);
      expect(await Promise.all(jobs.map((job) => keyring.jobKey('bank', job)))).toEqual(made);
    }
  });

  it("a tenant's: one that follows another that was cut off begins at the beginning", async () => {
    const { keyStore, keyring, rotation } = keysUnder(oldKey);
    const jobs = Array.from({ length: 600 }, (_, at) => jobId(at + 1));
    for (const job of jobs) await keyring.makeJobKey('bank', job);
    await rotation.addTenantKey('bank');
    const cut = rotation.rewrapJobKeys('bank', () => {
      throw new Error('the process is dead');
    });
    await expect(cut).rejects.toThrow('dead');
    expect(await keyring.addTenantKey('bank')).toBe(3);
    expect(await rotation.rewrapJobKeys('bank')).toEqual({ looked: 600, rewrapped: 600 });
    for (const job of jobs) expect(readVersion(keyStore.objects.get(keyPaths.jobKey('bank', job))!).version).toBe(3);
  });

  it("a tenant's: after an interruption, it continues after its own note", async () => {
    const { keyring, rotation } = keysUnder(oldKey);
    for (let at = 1; at <= 600; at++) await keyring.makeJobKey('bank', jobId(at));
    await rotation.addTenantKey('bank');
    const cut = rotation.rewrapJobKeys('bank', () => {
      throw new Error('the process is dead');
    });
    await expect(cut).rejects.toThrow('dead');
    expect(await rotation.rewrapJobKeys('bank')).toEqual({ looked: 100, rewrapped: 100 });
  });

  it('does not bring back the key of a job that is erased at the same time', async () => {
    const inner = memoryObjectStore();
    const store = memoryObjectStore();
    const job = jobId(1);
    const erasing: typeof inner = {
      ...inner,
      async put(name, body) {
        // Between the read of the key and its write: the whole erasure.
        await store.put(`tombstone/${job}`, Buffer.from('{}'));
        await inner.delete([keyPaths.jobKey('bank', job)]);
        await inner.put(name, body);
      },
    };
    const { keyring, rotation } = keysUnder(oldKey, erasing, store);
    await keyring.makeJobKey('bank', job);
    await rotation.addTenantKey('bank');
    await rotation.rewrapJobKeys('bank');
    expect(await keyring.jobKey('bank', job)).toBeNull();
  });
});

describe('the cache of tenant keys', () => {
  const load = (made: Buffer[]) => async () => {
    const key = Buffer.alloc(32, 9);
    made.push(key);
    return { newest: 1, byVersion: new Map([[1, key]]) };
  };

  it('overwrites a key when its time is over, and when there are too many', async () => {
    const clock = new ManualClock(0);
    const made: Buffer[] = [];
    const cache = createTenantKeyCache(load(made), clock, 2);
    for (const tenant of ['a', 'b', 'c']) await cache.use(tenant, () => {});
    expect(made.map((key) => key[0])).toEqual([0, 9, 9]);
    clock.advance(KEY_TTL_MS);
    await cache.use('b', () => {});
    expect(made.map((key) => key[0])).toEqual([0, 0, 9, 9]);
    cache.clear();
    expect(made.every((key) => key[0] === 0)).toBe(true);
  });

  it('refreshes once more, for all callers, when a refresh is requested during a refresh', async () => {
    const gates: (() => void)[] = [];
    const cache = createTenantKeyCache(async () => {
      await new Promise<void>((resolve) => gates.push(resolve));
      return { newest: gates.length, byVersion: new Map() };
    }, new ManualClock(0));
    const first = cache.use('bank', ({ newest }) => newest);
    const again = [cache.refresh('bank'), cache.refresh('bank')];
    gates[0]!();
    expect(await first).toBe(1);
    await expect.poll(() => gates.length).toBe(2);
    gates[1]!();
    await Promise.all(again);
    expect(await cache.use('bank', ({ newest }) => newest)).toBe(2);
    expect(gates).toHaveLength(2);
  });
});
