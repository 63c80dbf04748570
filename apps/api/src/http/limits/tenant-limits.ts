/**
 * The limits that all keys of a tenant share, from its record. It reads the store no more often than the cache allows.
 */
import { type Ledger, SYSTEM_TENANT, type TenantLimits } from '@cardseal/core/ledger';
import { LRUCache } from 'lru-cache';

/** A change applies within two seconds, as for a key. */
const CACHE_TTL_MS = 1500;
const CACHE_SIZE = 10_000;

/** Empty for a tenant without limits. Throws as the ledger does. */
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
