/** Starts recoveries, which a worker walks, and counts what may be concerned. */
import { createdAtMs } from '@cardseal/core/job';
import type { EndpointRecord, Recovery, Versioned } from '@cardseal/core/ledger';
import { startRecovery as start } from '@cardseal/core/queue';
import type { ApiContext } from '../context.ts';

/** Names looked at for the count; beyond it the count says "at least". */
const COUNTED_PAGES = 200;

export async function startRecovery(context: ApiContext, tenant: string, endpoint: string, recovery: Recovery) {
  const id = await start(context, tenant, endpoint, recovery);
  context.log.info('endpoint.recovery_started', { tenant, endpoint_id: endpoint, reason: recovery.kind });
  return id;
}

/** Outcomes of cards submitted in that time to which the endpoint subscribes, delivered or not. From names alone. */
export async function countOutcomes(
  { ledger }: ApiContext,
  tenant: string,
  { value }: Versioned<EndpointRecord>,
  { sinceMs, untilMs }: Recovery,
): Promise<{ outcomes: number; complete: boolean }> {
  let outcomes = 0;
  let cursor: string | null = null;
  for (let page = 0; page < COUNTED_PAGES; page++) {
    const found = await ledger.recoveries.outcomes(tenant, untilMs, cursor);
    for (const { job, state } of found.outcomes) {
      if (createdAtMs(job) < sinceMs) return { outcomes, complete: true };
      if (!value.events || value.events.includes(`job.${state}` as never)) outcomes++;
    }
    if (found.next === null) return { outcomes, complete: true };
    cursor = found.next;
  }
  return { outcomes, complete: false };
}
