/**
 * The key tree: the master key wraps tenant keys, and a tenant key wraps the data key of each job and seals what
 * belongs to no job. Wrapped keys are stored apart from the data that they open. A tenant's key has versions: the
 * newest seals, all open, and the first one also derives the names that must never change.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '@cardseal/base/clock';
import { DefectError, TransientError } from '@cardseal/base/errors';
import { listAll, type ObjectStore, readOpened } from '@cardseal/object-store';
import { open, type SealContext, seal } from './envelope.ts';
import { keyPaths } from './key-paths.ts';
import type { MasterKey } from './master-key.ts';
import { createTenantKeyCache, type TenantKeys } from './tenant-key-cache.ts';
import { nameVersion, readVersion } from './tenant-key-version.ts';

/**
 * Every operation throws as {@link MasterKey} does when the key service is away longer than keys may stay in memory,
 * and DefectError `tenant_key_missing` when the store has no key of a tenant that has sealed data.
 */
export interface Keyring {
  /** Seals with the tenant's newest key. The first use creates it. */
  seal(tenant: string, context: SealContext, plain: Uint8Array): Promise<Buffer>;
  /** Opens what any version of the tenant's key sealed. */
  open(tenant: string, context: SealContext, sealed: Uint8Array): Promise<Buffer>;
  /** Passes the key that names and fingerprints are derived from. It stays the same when keys rotate. */
  withLookupKey<T>(tenant: string, use: (key: Buffer) => T): Promise<T>;
  /** Creates the job's data key, or reads the one that an earlier attempt of the same submit created. */
  makeJobKey(tenant: string, job: string): Promise<Buffer>;
  /** For an id that no other process knows: the key may seal before it is stored. */
  newJobKey(tenant: string, job: string): Promise<{ key: Buffer; keep(): Promise<void> }>;
  /** null when there is none: the job never existed or is erased. */
  jobKey(tenant: string, job: string): Promise<Buffer | null>;
  /** Whether the key exists; does not open it. */
  hasJobKey(tenant: string, job: string): Promise<boolean>;
  dropJobKey(tenant: string, job: string): Promise<void>;
  /** The version that seals now. Reads the store. */
  newestVersion(tenant: string): Promise<number>;
  /** Creates the next version of the tenant's key. Other processes seal with it within a minute and open it at once. */
  addTenantKey(tenant: string): Promise<number>;
}

const FIRST_VERSION = 1;

/** @param hasSealed whether the tenant has sealed data: then its first key must exist, and none is created. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: its functions share the cache of tenant keys, which no other code may reach.
export function createKeyring(
  store: ObjectStore,
  master: MasterKey,
  clock: Clock,
  hasSealed: (tenant: string) => Promise<boolean> = async () => false,
): Keyring {
  const cache = createTenantKeyCache(load, clock);

  async function load(tenant: string): Promise<TenantKeys> {
    let versions = await versionsOf(tenant);
    if (versions.length === 0 && (await hasSealed(tenant))) {
      // Another process may have created the first key, and sealed with it, after this list was read.
      versions = await versionsOf(tenant);
      if (versions.length === 0) throw new DefectError('tenant_key_missing', { fields: { tenant } });
    }
    if (versions.length === 0) versions.push(await make(tenant, FIRST_VERSION));
    const reads = await Promise.allSettled(versions.map((version) => read(tenant, version)));
    const failed = reads.find((one) => one.status === 'rejected');
    if (!failed) {
      const byVersion = new Map(reads.map((one, at) => [versions[at]!, (one as PromiseFulfilledResult<Buffer>).value]));
      return { newest: Math.max(...versions), byVersion };
    }
    // Overwrite the keys that were read: no caller gets them.
    for (const one of reads) if (one.status === 'fulfilled') one.value.fill(0);
    throw failed.reason;
  }

  async function versionsOf(tenant: string): Promise<number[]> {
    const names = await listAll(store, keyPaths.tenantKey(tenant));
    return names.map((name) => keyPaths.tenantKeyVersion(name)).filter((version) => version !== null);
  }

  async function read(tenant: string, version: number): Promise<Buffer> {
    const unwrap = (wrapped: Buffer) => master.unwrap(masterContext(tenant, version), wrapped);
    const key = await readOpened(store, keyPaths.tenantKey(tenant, version), unwrap);
    if (!key) throw new DefectError('tenant_key_vanished', { fields: { tenant, version } });
    return key;
  }

  /** When two processes create the same version, one is stored and both read it. */
  async function make(tenant: string, version: number): Promise<number> {
    const { key, wrapped } = await master.make(masterContext(tenant, version));
    key.fill(0);
    await store.create(keyPaths.tenantKey(tenant, version), wrapped);
    return version;
  }

  async function openWith(tenant: string, context: SealContext, sealed: Uint8Array): Promise<Buffer> {
    const { version, envelope } = readVersion(sealed);
    const opened = () =>
      cache.use(tenant, ({ byVersion }) => {
        const key = byVersion.get(version);
        return key && open(key, context, envelope);
      });
    const plain = await opened();
    if (plain) return plain;
    // A process that learned of a rotation earlier than this one sealed it.
    await cache.refresh(tenant);
    const again = await opened();
    if (!again) throw new DefectError('tenant_key_vanished', { fields: { tenant, version } });
    return again;
  }

  const sealWith = (tenant: string, context: SealContext, plain: Uint8Array) =>
    cache.use(tenant, ({ newest, byVersion }) => nameVersion(newest, seal(byVersion.get(newest)!, context, plain)));

  async function jobKey(tenant: string, job: string): Promise<Buffer | null> {
    const open = (wrapped: Buffer) => openWith(tenant, jobKeyContext(tenant, job), wrapped);
    return readOpened(store, keyPaths.jobKey(tenant, job), open);
  }

  const withLookupKey = <T>(tenant: string, use: (key: Buffer) => T) =>
    cache.use(tenant, ({ byVersion }) => use(byVersion.get(FIRST_VERSION)!));

  return {
    seal: sealWith,
    open: openWith,
    withLookupKey,
    jobKey,
    async makeJobKey(tenant, job) {
      const key = randomBytes(32);
      const wrapped = await sealWith(tenant, jobKeyContext(tenant, job), key);
      // A key that disappears now belonged to a submit that was just withdrawn.
      for (let tries = 1; ; tries++) {
        if (await store.create(keyPaths.jobKey(tenant, job), wrapped)) return key;
        const winner = await jobKey(tenant, job);
        if (winner) return winner;
        if (tries === 3) throw new TransientError('store_key_vanished', { fields: { tenant, job } });
      }
    },
    async newJobKey(tenant, job) {
      const key = randomBytes(32);
      const wrapped = await sealWith(tenant, jobKeyContext(tenant, job), key);
      const keep = async () => {
        if (await store.create(keyPaths.jobKey(tenant, job), wrapped)) return;
        throw new DefectError('job_key_taken', { fields: { tenant, job } });
      };
      return { key, keep };
    },
    hasJobKey: async (tenant, job) => (await store.get(keyPaths.jobKey(tenant, job))) !== null,
    dropJobKey: (tenant, job) => store.delete([keyPaths.jobKey(tenant, job)]),
    async newestVersion(tenant) {
      await cache.refresh(tenant);
      return cache.use(tenant, ({ newest }) => newest);
    },
    async addTenantKey(tenant) {
      await cache.refresh(tenant);
      const version = await make(tenant, (await cache.use(tenant, ({ newest }) => newest)) + 1);
      await cache.refresh(tenant);
      return version;
    },
  };
}

export function masterContext(tenant: string, version: number) {
  return { tenant, object: `tenant-key.${version}` };
}

export function jobKeyContext(tenant: string, job: string): SealContext {
  return { tenant, subject: job, kind: 'wrapped-job-key' };
}
