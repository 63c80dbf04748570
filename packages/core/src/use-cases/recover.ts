/**
 * Recovery of an endpoint's deliveries: an order in the ledger, and one job in the deliver queue that carries it out page
 * by page.
 */
import type { Clock } from '@cardseal/base/clock';
import { createdAtMs, newId } from '../job/index.ts';
import type { EndpointRecord, Ledger, Recovery } from '../ledger/index.ts';
import { addRecovery, type JobQueue } from '../queue/index.ts';

export interface RecoveryParts {
  ledger: Pick<Ledger, 'deliveries' | 'tenants'>;
  jobQueue: JobQueue;
  clock: Clock;
}

/** Returns the id of the recovery. Without Redis, a worker's next scan finds it in the ledger. */
export async function startRecovery(
  { ledger, jobQueue, clock }: RecoveryParts,
  tenant: string,
  endpoint: string,
  recovery: Recovery,
): Promise<string> {
  const ref = { tenant, endpoint, id: newId('rec', clock.now()) };
  await ledger.deliveries.recoveries.start(ref, recovery);
  await addRecovery(jobQueue, ref).catch(() => {});
  return ref.id;
}

/** Pages of names that one count reads. With more, the count is a lower bound. */
const COUNTED_PAGES = 200;

/**
 * Counts the outcomes of jobs that were submitted in that time and that the endpoint subscribes to, delivered or not.
 * Reads names only. `complete` is false when there are more.
 */
export async function countOutcomes(
  { ledger }: { ledger: Pick<Ledger, 'deliveries'> },
  tenant: string,
  { events }: Pick<EndpointRecord, 'events'>,
  { sinceMs, untilMs }: Pick<Recovery, 'sinceMs' | 'untilMs'>,
): Promise<{ outcomes: number; complete: boolean }> {
  let outcomes = 0;
  let cursor: string | null = null;
  for (let page = 0; page < COUNTED_PAGES; page++) {
    const found = await ledger.deliveries.recoveries.outcomes(tenant, untilMs, cursor);
    for (const { job, state } of found.outcomes) {
      if (createdAtMs(job) < sinceMs) return { outcomes, complete: true };
      if (!events || events.includes(`job.${state}` as never)) outcomes++;
    }
    if (found.next === null) return { outcomes, complete: true };
    cursor = found.next;
  }
  return { outcomes, complete: false };
}
