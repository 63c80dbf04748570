/**
 * Deletes what webhooks leave behind and no job covers: notices and their records once they are older than any result,
 * and parked deliveries of deleted endpoints. Names are deleted last, so that an interrupted sweep continues where it
 * stopped.
 */
import { deletedEndpoint, isDeletionDue } from '@cardseal/core/ledger';
import type { WorkerContext } from '../../context.ts';
import { eachTenant } from './each-tenant.ts';

const PAGE = 200;

/** Returns how many notices and parked deliveries were deleted. */
export function sweepWebhooks(context: WorkerContext, signal: AbortSignal): Promise<number> {
  return eachTenant(context, signal, (tenant) => sweepTenant(context, tenant, signal));
}

async function sweepTenant(context: WorkerContext, tenant: string, signal: AbortSignal): Promise<number> {
  const { ledger, log } = context;
  const endpoints = await ledger.tenants.endpoints.list(tenant);
  let removed = 0;
  for (const { id, value, version } of endpoints) {
    if (signal.aborted) return removed;
    if (value.state !== 'deleted') continue;
    if (isDeletionDue(value)) {
      await ledger.tenants.endpoints.change(tenant, id, (one) => ({ ...deletedEndpoint(one), expiresAtMs: null }));
      log.info('endpoint.expired', { tenant, endpoint_id: id });
    }
    removed += await ledger.jobs.markers.forgetParked(tenant, id);
    // The versions before the last contain its secrets and headers.
    if (version > 1 || isDeletionDue(value)) await ledger.tenants.endpoints.forgetOlder(tenant, id);
  }
  const ids = endpoints.map(({ id }) => id);
  return removed + (await removeOldNotices(context, tenant, ids, signal));
}

async function removeOldNotices(
  { ledger, clock, config }: WorkerContext,
  tenant: string,
  endpoints: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  const beforeMs = clock.now() - config.RETENTION_MS;
  let removed = 0;
  for (let cursor: string | null = null; ; ) {
    const { notices, next } = await ledger.deliveries.notices.page(tenant, beforeMs, cursor, PAGE);
    for (const notice of notices) {
      if (signal.aborted) return removed;
      await ledger.deliveries.notices.remove(tenant, notice, endpoints);
      removed++;
    }
    if (next === null) return removed;
    cursor = next;
  }
}
