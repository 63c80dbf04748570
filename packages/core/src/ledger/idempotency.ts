/**
 * An `Idempotency-Key` claims a job id before anything else is written: every submit with the same key and request,
 * at once or years later, works on the same job. The claim lives as long as the ledger does.
 */
import { createHmac } from 'node:crypto';
import type { JobId } from '../job/index.ts';
import { open, seal } from '../seal/index.ts';
import type { Keyring } from './keyring.ts';
import { paths } from './paths.ts';
import type { ObjectStore } from './store/object-store.ts';

export interface Claim {
  job: JobId;
  /** HMAC of the request: tells a repeat from another request under the same key. */
  fingerprint: string;
}

export interface Idempotency {
  /** The claim that stands: ours, or the earlier one. */
  claim(tenant: string, route: string, key: string, ours: Claim): Promise<Claim>;
  /** Keyed by the tenant, so that equal requests of two tenants have unequal fingerprints. */
  fingerprint(tenant: string, parts: readonly (string | Uint8Array)[]): Promise<string>;
}

export function createIdempotency(store: ObjectStore, keyring: Keyring): Idempotency {
  return {
    async claim(tenant, route, key, ours) {
      const tenantKey = await keyring.tenantKey(tenant);
      const name = macName(tenantKey, ['idempotency-key', route, key]);
      const path = paths.idempotency(tenant, name);
      const context = { tenant, subject: name, kind: 'idempotency' };
      if (await store.create(path, seal(tenantKey, context, Buffer.from(JSON.stringify(ours))))) return ours;
      const standing = await store.get(path);
      return standing ? (JSON.parse(open(tenantKey, context, standing).toString()) as Claim) : ours;
    },
    fingerprint: async (tenant, parts) => macName(await keyring.tenantKey(tenant), ['fingerprint', ...parts]),
  };
}

/** The name under which a key is kept: it tells nothing of the key, and differs between tenants. */
export function macName(key: Buffer, parts: readonly (string | Uint8Array)[]): string {
  const hmac = createHmac('sha256', key);
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    hmac.update(`${bytes.length}:`).update(bytes);
  }
  return hmac.digest('hex');
}
