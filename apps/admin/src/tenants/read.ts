/** Reads a tenant or an API key that a route names, and refuses names that cannot exist. */
import { RejectedError } from '@cardseal/base/errors';
import { type KeyLimits, type Ledger, SYSTEM_TENANT, type TenantRecord, type Versioned } from '@cardseal/core/ledger';
import { z } from 'zod';

export const TENANT = /^[a-z0-9][a-z0-9-]{1,39}$/;
const KEY = /^[a-z0-9]{12}$/;

type Params = Record<string, string>;
type TenantStores = Pick<Ledger, 'tenants'>;

/** Throws RejectedError `not_found`. */
export async function readTenant({ tenants }: TenantStores, { tenant }: Params): Promise<Versioned<TenantRecord>> {
  const record = TENANT.test(tenant!) ? await tenants.records.get(SYSTEM_TENANT, tenant!) : null;
  if (!record) throw new RejectedError('not_found');
  return record;
}

/** Throws RejectedError `not_found`, so that an action on a missing key gets no audit entry. */
export async function readKey(ledger: TenantStores, { key = '', ...params }: Params) {
  const { id: tenant } = await readTenant(ledger, params);
  if (!KEY.test(key) || !(await ledger.tenants.apiKeys.get(tenant, key))) throw new RejectedError('not_found');
  return { tenant, key };
}

const limit = z.coerce.number().int().positive().max(1_000_000_000).optional();
export const keyLimits = { requests_per_second: limit, concurrency: limit, in_queue: limit, cards_per_day: limit };
export const tenantLimits = { requests_per_second: limit, cards_per_day: limit };

/** Returns undefined when the body sets no limit. */
export function limitsOf(body: { [Name in keyof typeof keyLimits]?: number | undefined }): KeyLimits | undefined {
  const given = {
    requestsPerSecond: body.requests_per_second,
    concurrency: body.concurrency,
    inQueue: body.in_queue,
    cardsPerDay: body.cards_per_day,
  };
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  return present.length === 0 ? undefined : (Object.fromEntries(present) as KeyLimits);
}
