/**
 * The key tree in the ledger: the master key wraps tenant keys, a tenant key wraps the data key of each job.
 * Wrapped keys lie in their own store, apart from what they open; plain tenant keys live here for five minutes.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock/index.ts';
import { DefectError } from '../errors/index.ts';
import type { JobId } from '../job/index.ts';
import { type MasterKey, open, seal } from '../seal/index.ts';
import { paths } from './paths.ts';
import type { ObjectStore } from './store/object-store.ts';

const TENANT_KEY_TTL_MS = 5 * 60_000;

export interface Keyring {
  /** The tenant's key, made at first use. */
  tenantKey(tenant: string): Promise<Buffer>;
  /** Makes the job's data key, or reads the one that an earlier try of the same submit made. */
  makeJobKey(tenant: string, job: JobId): Promise<Buffer>;
  /** null when there is none: the job never existed or is erased. */
  jobKey(tenant: string, job: JobId): Promise<Buffer | null>;
  dropJobKey(tenant: string, job: JobId): Promise<void>;
}

export function createKeyring(store: ObjectStore, master: MasterKey, clock: Clock): Keyring {
  const cache = new Map<string, { key: Promise<Buffer>; untilMs: number }>();

  function tenantKey(tenant: string): Promise<Buffer> {
    const cached = cache.get(tenant);
    if (cached && cached.untilMs > clock.now()) return cached.key;
    const key = loadTenantKey(tenant);
    cache.set(tenant, { key, untilMs: clock.now() + TENANT_KEY_TTL_MS });
    key.catch(() => cache.delete(tenant));
    return key;
  }

  async function loadTenantKey(tenant: string): Promise<Buffer> {
    const path = paths.tenantKey(tenant);
    const present = await store.get(path);
    if (present) return master.unwrap(tenant, present);
    const key = randomBytes(32);
    if (await store.create(path, await master.wrap(tenant, key))) return key;
    const winner = await store.get(path);
    if (!winner) throw new DefectError('tenant_key_vanished', { fields: { tenant } });
    return master.unwrap(tenant, winner);
  }

  async function jobKey(tenant: string, job: JobId): Promise<Buffer | null> {
    const wrapped = await store.get(paths.jobKey(tenant, job));
    return wrapped && open(await tenantKey(tenant), wrapContext(tenant, job), wrapped);
  }

  async function makeJobKey(tenant: string, job: JobId): Promise<Buffer> {
    const key = randomBytes(32);
    const wrapped = seal(await tenantKey(tenant), wrapContext(tenant, job), key);
    if (await store.create(paths.jobKey(tenant, job), wrapped)) return key;
    const winner = await jobKey(tenant, job);
    if (!winner) throw new DefectError('job_key_vanished', { fields: { tenant, job } });
    return winner;
  }

  return {
    tenantKey,
    makeJobKey,
    jobKey,
    dropJobKey: (tenant, job) => store.delete([paths.jobKey(tenant, job)]),
  };
}

function wrapContext(tenant: string, job: JobId) {
  return { tenant, subject: job, kind: 'wrapped-job-key' };
}
