/**
 * A tenant's share of the quota relative to others, from its record. It is read seldom and never a reason to refuse a
 * job.
 */
import { LRUCache } from 'lru-cache';
import { type Ledger, SYSTEM_TENANT } from '../ledger/index.ts';

export const MIN_WEIGHT = 0.1;
export const MAX_WEIGHT = 100;

const CACHE_TTL_MS = 30_000;
const CACHE_SIZE = 10_000;

/** 1 for a tenant without a weight, and while the ledger does not respond. */
export function createWeights(ledger: Pick<Ledger, 'tenants'>): (tenant: string) => Promise<number> {
  const cache = new LRUCache<string, number>({
    max: CACHE_SIZE,
    ttl: CACHE_TTL_MS,
    fetchMethod: async (tenant) => {
      const record = await ledger.tenants.records.get(SYSTEM_TENANT, tenant).catch(() => null);
      return Math.min(MAX_WEIGHT, Math.max(MIN_WEIGHT, record?.value.weight ?? 1));
    },
  });
  return async (tenant) => (await cache.fetch(tenant)) ?? 1;
}
