/**
 * An `Idempotency-Key` claims a job id before anything else is written: every submit with the same key and request,
 * at once or years later, works on the same job. The claim lives as long as the ledger does.
 */
import { createHmac } from 'node:crypto';
import { TransientError } from '@cardseal/base/errors';
import type { ObjectStore } from '@cardseal/object-store';
import { readOpened } from '@cardseal/object-store';
import type { Keyring } from '@cardseal/sealing';
import { open, seal } from '@cardseal/sealing';
import type { JobId } from '../../job/index.ts';
import { paths } from '../paths.ts';

interface Claim {
  job: JobId;
  /** HMAC of the request: tells a repeat from another request under the same key. */
  fingerprint: string;
}

export interface Idempotency {
  /** Returns the valid claim: ours or an earlier one. Throws TransientError `store_record_missing` when it cannot be read. */
  claim(tenant: string, route: string, key: string, ours: Claim): Promise<Claim>;
  /** Keyed by the tenant, so that equal requests of two tenants have unequal fingerprints. */
  fingerprint(tenant: string, parts: readonly (string | Uint8Array)[]): Promise<string>;
}

export function createIdempotency(store: ObjectStore, keyring: Keyring): Idempotency {
  return {
    async claim(tenant, route, key, ours) {
      const plain = Buffer.from(JSON.stringify(ours));
      const { name, sealed } = await keyring.withLookupKey(tenant, (lookup) => {
        const name = macName(lookup, ['idempotency-key', route, key]);
        return { name, sealed: seal(lookup, contextOf(tenant, name), plain) };
      });
      const path = paths.idempotency(tenant, name);
      if (await store.create(path, sealed)) return ours;
      const opened = await readOpened(store, path, (standing) =>
        keyring.withLookupKey(tenant, (lookup) => open(lookup, contextOf(tenant, name), standing)),
      );
      // The store refused our write because of a claim that it then does not return. Ours must not replace that claim.
      if (!opened) throw new TransientError('store_record_missing', { fields: { tenant } });
      return JSON.parse(opened.toString()) as Claim;
    },
    fingerprint: (tenant, parts) =>
      keyring.withLookupKey(tenant, (lookup) => macName(lookup, ['fingerprint', ...parts])),
  };
}

function contextOf(tenant: string, name: string) {
  return { tenant, subject: name, kind: 'idempotency' };
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
