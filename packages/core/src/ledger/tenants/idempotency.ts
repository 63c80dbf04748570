/**
 * Claims a job id for an `Idempotency-Key` before any other write: every submit with the same key and request,
 * concurrent or years later, works on the same job. The claim exists as long as the ledger.
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
  /** HMAC of the request. It distinguishes a repetition from another request with the same key. */
  fingerprint: string;
}

export interface Idempotency {
  /**
   * Returns the valid claim: this one or an earlier one. Throws TransientError `store_record_missing` when it cannot
   * be read.
   */
  claim(tenant: string, route: string, key: string, ours: Claim): Promise<Claim>;
  /** Keyed by the tenant, so that equal requests of two tenants have different fingerprints. */
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
      // The store refused this write because of a claim that it then does not return. This claim must not replace that
      // one.
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

/** The stored name of a key. It reveals nothing about the key and differs between tenants. */
export function macName(key: Buffer, parts: readonly (string | Uint8Array)[]): string {
  const hmac = createHmac('sha256', key);
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    hmac.update(`${bytes.length}:`).update(bytes);
  }
  return hmac.digest('hex');
}
