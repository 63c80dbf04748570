/** Starts recoveries: counts what may be concerned, leaves the order in the ledger, and lets a worker walk it. */
import { createdAtMs, newId } from '@cardseal/core/job';
import type { EndpointRecord, Recovery, Versioned } from '@cardseal/core/ledger';
import { addRecovery } from '@cardseal/core/queue';
import type { ApiContext } from '../context.ts';

/** Names looked at for the count; beyond it the count says "at least". */
const COUNTED_PAGES = 200;

export async function startRecovery(context: ApiContext, tenant: string, endpoint: string, recovery: Recovery) {
  const { ledger, conveyor, clock, log } = context;
  const ref = { tenant, endpoint, id: newId('rec', clock.now()) };
  await ledger.recoveries.start(ref, recovery);
  // Without Redis a worker's next walk finds it in the ledger.
  await addRecovery(conveyor, ref).catch(() => {});
  log.info('endpoint.recovery_started', { tenant, endpoint_id: endpoint, reason: recovery.kind });
  return ref.id;
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
