/** Settings of tenants, at most a second older than the ledger, so that a job of a busy tenant costs no read. */
import { TransientError } from '@cardseal/base/errors';
import { type Ledger, SYSTEM_TENANT, type TenantRecord } from '@cardseal/core/ledger';
import { LRUCache } from 'lru-cache';

const TTL_MS = 1000;
const KEPT_TENANTS = 10_000;

export interface Tenants {
  /**
   * The record of a tenant that has a job. Throws TransientError `store_tenant_missing` when the store has none: the job
   * waits, because without the record its verdict policy is unknown. Throws as the ledger does.
   */
  get(tenant: string): Promise<TenantRecord>;
}

export function createTenants(ledger: Pick<Ledger, 'tenants'>): Tenants {
  const kept = new LRUCache<string, { record: TenantRecord }>({
    max: KEPT_TENANTS,
    ttl: TTL_MS,
    fetchMethod: async (tenant) => {
      const record = (await ledger.tenants.records.get(SYSTEM_TENANT, tenant))?.value;
      if (!record) throw new TransientError('store_tenant_missing', { fields: { tenant } });
      return { record };
    },
  });
  return { get: async (tenant) => (await kept.forceFetch(tenant)).record };
}
