/** The caps that all keys of a tenant share, from its record. Used by the limits; never asks the store more often than the cache allows. */
import { type Ledger, SYSTEM_TENANT, type TenantLimits } from '@cardseal/core/ledger';
import { LRUCache } from 'lru-cache';

/** A change takes hold within two seconds, as that of a key does. */
const CACHE_TTL_MS = 1500;
const CACHE_SIZE = 10_000;

/** Empty for a tenant without caps. Throws as the ledger does. */
export type ReadTenantLimits = (tenant: string) => Promise<TenantLimits>;

export function createTenantLimits(ledger: Pick<Ledger, 'tenants'>): ReadTenantLimits {
  const kept = new LRUCache<string, { limits: TenantLimits }>({
    max: CACHE_SIZE,
    ttl: CACHE_TTL_MS,
    fetchMethod: async (tenant) => ({
      limits: (await ledger.tenants.records.get(SYSTEM_TENANT, tenant))?.value.limits ?? {},
    }),
  });
  return async (tenant) => (await kept.forceFetch(tenant)).limits;
}
