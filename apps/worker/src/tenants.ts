/** What tenants have settled, at most a second behind the ledger, so that a card of a busy tenant asks for nothing. */
import { HOUSE, type Ledger, type TenantRecord } from '@cardseal/core/ledger';
import { LRUCache } from 'lru-cache';

const TTL_MS = 1000;
const KEPT_TENANTS = 10_000;

export interface Tenants {
  /** null when there is none. Throws as the ledger does. */
  get(tenant: string): Promise<TenantRecord | null>;
}

export function createTenants(ledger: Pick<Ledger, 'tenants'>): Tenants {
  const kept = new LRUCache<string, { record: TenantRecord | null }>({
    max: KEPT_TENANTS,
    ttl: TTL_MS,
    fetchMethod: async (tenant) => ({ record: (await ledger.tenants.get(HOUSE, tenant))?.value ?? null }),
  });
  return { get: async (tenant) => (await kept.forceFetch(tenant)).record };
}
