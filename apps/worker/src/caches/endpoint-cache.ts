/** What is known of endpoints, at most a second behind the ledger, so that a busy endpoint is not asked for every time. */
import type { EndpointRecord, Ledger, Versioned } from '@cardseal/core/ledger';
import { LRUCache } from 'lru-cache';

/** A rotation or a stop by the owner takes hold within this time. */
const TTL_MS = 1000;
const KEPT_ENDPOINTS = 10_000;

export interface Endpoints {
  /** At most a second behind the ledger. null when there is none. Throws as the ledger does. */
  get(tenant: string, id: string): Promise<Versioned<EndpointRecord> | null>;
  /** All of a tenant, as the ledger has them now; what is seen is known from here on. Throws as the ledger does. */
  list(tenant: string): Promise<Versioned<EndpointRecord>[]>;
  /** What was known last, however old; undefined for nothing. */
  recall(tenant: string, id: string): EndpointRecord | undefined;
  forget(tenant: string, id: string): void;
}

export function createEndpoints(ledger: Pick<Ledger, 'tenants'>): Endpoints {
  const nameOf = (tenant: string, id: string) => `${tenant}/${id}`;
  let forgotten = 0;
  const known = new LRUCache<string, { record: Versioned<EndpointRecord> | null }>({
    max: KEPT_ENDPOINTS,
    ttl: TTL_MS,
    // A list that comes in between is as new as what was asked for: who waits is answered all the same.
    ignoreFetchAbort: true,
    fetchMethod: async (name) => {
      const [tenant, id] = name.split('/') as [string, string];
      return { record: await ledger.tenants.endpoints.get(tenant, id) };
    },
  });
  return {
    get: async (tenant, id) => (await known.forceFetch(nameOf(tenant, id))).record,
    async list(tenant) {
      const asOf = forgotten;
      const records = await ledger.tenants.endpoints.list(tenant);
      // Of one that was forgotten meanwhile this may be the state that was to be forgotten.
      if (asOf === forgotten) for (const record of records) known.set(nameOf(tenant, record.id), { record });
      return records;
    },
    recall: (tenant, id) => known.peek(nameOf(tenant, id), { allowStale: true })?.record?.value,
    forget(tenant, id) {
      forgotten++;
      known.delete(nameOf(tenant, id));
    },
  };
}
