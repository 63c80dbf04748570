/** Endpoint records, at most a second older than the ledger, so that a busy endpoint is not read for every delivery. */
import type { EndpointRecord, Ledger, Versioned } from '@cardseal/core/ledger';
import { LRUCache } from 'lru-cache';

/** A rotation or a stop by the owner applies within this time. */
const TTL_MS = 1000;
const KEPT_ENDPOINTS = 10_000;

export interface Endpoints {
  /** At most a second older than the ledger. null when there is none. Throws as the ledger does. */
  get(tenant: string, id: string): Promise<Versioned<EndpointRecord> | null>;
  /**
   * All endpoints of a tenant, read from the ledger now; the result also refreshes the cache. Throws as the ledger
   * does.
   */
  list(tenant: string): Promise<Versioned<EndpointRecord>[]>;
  /** The last known record, however old; undefined when there is none. */
  recall(tenant: string, id: string): EndpointRecord | undefined;
  forget(tenant: string, id: string): void;
}

export function createEndpoints(ledger: Pick<Ledger, 'tenants'>): Endpoints {
  const nameOf = (tenant: string, id: string) => `${tenant}/${id}`;
  let forgotten = 0;
  const known = new LRUCache<string, { record: Versioned<EndpointRecord> | null }>({
    max: KEPT_ENDPOINTS,
    ttl: TTL_MS,
    // A list that arrives meanwhile is as new as this read: waiting callers get their response in any case.
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
      // The entry was removed meanwhile, and this may be the state that was to be removed.
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
