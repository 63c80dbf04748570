/** The index: empty objects whose names answer lists and filters, newest first. */
import { createHmac } from 'node:crypto';
import type { JobId, OutcomeState } from '../job/index.ts';
import type { Keyring } from './keyring.ts';
import { paths } from './paths.ts';
import type { ObjectStore } from './store/object-store.ts';

const EMPTY = Buffer.alloc(0);

export interface Listing {
  submitted(tenant: string, job: JobId, reference: string | null): Promise<void>;
  finished(
    tenant: string,
    job: JobId,
    reference: string | null,
    outcome: { generation: number; state: OutcomeState; code: string },
  ): Promise<void>;
}

export function createListing(store: ObjectStore, keyring: Keyring): Listing {
  return {
    async submitted(tenant, job, reference) {
      await store.put(paths.indexSubmitted(tenant, job, await referenceMac(keyring, tenant, reference)), EMPTY);
    },
    async finished(tenant, job, reference, { generation, state, code }) {
      const mac = await referenceMac(keyring, tenant, reference);
      await store.put(paths.indexFinished(tenant, job, mac, generation, state, code), EMPTY);
    },
  };
}

/** References are the customer's own and may be personal: names hold an HMAC of them, `-` for none. */
async function referenceMac(keyring: Keyring, tenant: string, reference: string | null): Promise<string> {
  if (reference === null) return '-';
  return createHmac('sha256', await keyring.tenantKey(tenant))
    .update(`reference:${reference}`)
    .digest('hex')
    .slice(0, 32);
}
