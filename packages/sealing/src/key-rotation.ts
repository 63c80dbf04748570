/**
 * Key rotation during operation. Keys that an older key wrapped are wrapped again, one after the other. Any step may
 * be repeated or interrupted: at every moment a key is wrapped with a key that opens it. Rotation changes wrapped keys
 * only and never sealed data.
 */

import { listAll, type ObjectStore, scan } from '@cardseal/object-store';
import { keyPaths } from './key-paths.ts';
import { jobKeyContext, type Keyring, masterContext } from './keyring.ts';
import { type MasterKey, readWrapped } from './master-key.ts';
import { readVersion } from './tenant-key-version.ts';

export interface KeyStatus {
  /** The key that wraps now; null when the service does not respond. */
  master: string | null;
  /** The error code of the service. */
  trouble: string | null;
  /** Tenant keys, counted by the name of the key that wrapped them. */
  wrappedBy: Record<string, number>;
  tenants: number;
}

interface Rewrapped {
  looked: number;
  rewrapped: number;
}

export interface KeyRotation {
  status(): Promise<KeyStatus>;
  /** Wraps every tenant key again that another master key wrapped. */
  rewrapTenantKeys(): Promise<Rewrapped>;
  /** Creates the tenant's next key; returns its version. */
  addTenantKey(tenant: string): Promise<number>;
  /** Wraps the keys of a tenant's jobs with its newest key. Continues an interrupted run to the same version. */
  rewrapJobKeys(tenant: string, onPage?: (soFar: Rewrapped) => void): Promise<Rewrapped>;
  /** Tenants that have keys. */
  tenants(): AsyncGenerator<string>;
}

/** Keys between two checkpoints of a run. */
const NOTE_EVERY = 500;

export interface KeyRotationParts {
  /** Whether the job has been erased. Reads the ledger. */
  isErased(tenant: string, job: string): Promise<boolean>;
  keyStore: ObjectStore;
  keyring: Keyring;
  master: MasterKey;
}

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: its functions share the stores and keys of one rotation.
export function createKeyRotation({ isErased, keyStore, keyring, master }: KeyRotationParts): KeyRotation {
  const note = (tenant: string) => `key-rotation/${tenant}`;

  /**
   * A checkpoint counts only for the version that it names: keys that an earlier rotation passed still wait for this
   * one.
   */
  async function placeOf(tenant: string, newest: number): Promise<string | undefined> {
    const [version, path] = (await keyStore.get(note(tenant)))?.toString().split(' ') ?? [];
    return Number(version) === newest ? path : undefined;
  }

  /** Lists one name per tenant, however many keys it has. */
  async function* tenants(): AsyncGenerator<string> {
    for (let after: string | undefined = keyPaths.allKeys; ; ) {
      const { keys } = await keyStore.list(keyPaths.allKeys, { startAfter: after, limit: 1 });
      const tenant = keys[0]?.split('/')[1];
      if (tenant === undefined) return;
      yield tenant;
      after = `${keyPaths.keysOf(tenant)}~`;
    }
  }

  async function* tenantKeys(): AsyncGenerator<{ tenant: string; version: number; path: string; wrapped: Buffer }> {
    for await (const tenant of tenants()) {
      for (const path of await listAll(keyStore, keyPaths.tenantKey(tenant))) {
        const version = keyPaths.tenantKeyVersion(path);
        const wrapped = version === null ? null : await keyStore.get(path);
        if (version !== null && wrapped) yield { tenant, version, path, wrapped };
      }
    }
  }

  /** Returns true when it wrapped the key again. */
  async function rewrapJobKey(tenant: string, job: string, newest: number): Promise<boolean> {
    const path = keyPaths.jobKey(tenant, job);
    const wrapped = await keyStore.get(path);
    if (!wrapped || readVersion(wrapped).version >= newest) return false;
    const context = jobKeyContext(tenant, job);
    const key = await keyring.open(tenant, context, wrapped);
    try {
      await keyStore.put(path, await keyring.seal(tenant, context, key));
    } finally {
      key.fill(0);
    }
    // Race: the eraser writes the tombstone, then deletes the key. This writer writes the key, then reads the
    // tombstone. At least one of the two sees the other.
    if (await isErased(tenant, job)) await keyring.dropJobKey(tenant, job);
    return true;
  }

  return {
    tenants,
    async status() {
      const wrappedBy: Record<string, number> = {};
      const seen = new Set<string>();
      for await (const { tenant, wrapped } of tenantKeys()) {
        seen.add(tenant);
        const { name } = readWrapped(wrapped);
        wrappedBy[name] = (wrappedBy[name] ?? 0) + 1;
      }
      const answer = await master.identify().then(
        (name) => ({ master: name, trouble: null }),
        (error: { code?: string }) => ({ master: null, trouble: error.code ?? 'key_service_unavailable' }),
      );
      return { ...answer, wrappedBy, tenants: seen.size };
    },

    async rewrapTenantKeys() {
      const done = { looked: 0, rewrapped: 0 };
      const current = await master.identify();
      for await (const { tenant, version, path, wrapped } of tenantKeys()) {
        done.looked++;
        if (readWrapped(wrapped).name === current) continue;
        const context = masterContext(tenant, version);
        const key = await master.unwrap(context, wrapped);
        try {
          await keyStore.put(path, await master.wrap(context, key));
        } finally {
          key.fill(0);
        }
        done.rewrapped++;
      }
      return done;
    },

    addTenantKey: (tenant) => keyring.addTenantKey(tenant),

    async rewrapJobKeys(tenant, onPage = () => {}) {
      const done = { looked: 0, rewrapped: 0 };
      const newest = await keyring.newestVersion(tenant);
      for await (const path of scan(keyStore, keyPaths.keysOf(tenant), await placeOf(tenant, newest))) {
        const job = path.slice(keyPaths.keysOf(tenant).length);
        // Uploads and lines of batches have keys too, for hours or days. The versions that wrapped them open until
        // then.
        if (!job.startsWith('job_')) continue;
        done.looked++;
        if (await rewrapJobKey(tenant, job, newest)) done.rewrapped++;
        if (done.looked % NOTE_EVERY !== 0) continue;
        await keyStore.put(note(tenant), Buffer.from(`${newest} ${path}`));
        onPage({ ...done });
      }
      await keyStore.delete([note(tenant)]);
      return done;
    },
  };
}
