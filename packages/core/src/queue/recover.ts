/**
 * Having things sent again: an order in the ledger, and one job in the deliver queue that walks it, page by page; and
 * taking an endpoint into use again, which brings back what was kept for it.
 */
import type { Clock } from '@cardseal/base/clock';
import { createdAtMs, newId } from '../job/index.ts';
import type { EndpointRecord, Ledger, Recovery, RecoveryRef, Versioned } from '../ledger/index.ts';
import type { JobQueue } from './job-queue.ts';
import { RECOVER } from './names.ts';

export interface RecoveryParts {
  ledger: Pick<Ledger, 'deliveries' | 'tenants'>;
  jobQueue: JobQueue;
  clock: Clock;
}

/** Returns its id. Without Redis a worker's next walk finds it in the ledger. */
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

/** Names read for one count; beyond it the count is a lower bound. */
const COUNTED_PAGES = 200;

/**
 * Counts, from names alone, the outcomes of jobs submitted in that time to which the endpoint subscribes, delivered or
 * not. `complete` is false when there are more.
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

/** Null when there is no such endpoint. */
export async function enableEndpoint(
  parts: RecoveryParts,
  tenant: string,
  id: string,
): Promise<Versioned<EndpointRecord> | null> {
  const nowMs = parts.clock.now();
  const enabled = await parts.ledger.tenants.endpoints.change(tenant, id, (value) => enabledAgain(value, nowMs));
  // Also when it was enabled already: an earlier call may have died before it came to this.
  if (enabled) await startRecovery(parts, tenant, id, { kind: 'parked', sinceMs: 0, untilMs: nowMs });
  return enabled;
}

function enabledAgain({ disabledBy: _by, disabledAtMs: _at, ...value }: EndpointRecord, nowMs: number): EndpointRecord {
  if (value.state !== 'disabled') return value;
  const health = { state: 'healthy' as const, sinceMs: nowMs, change: (value.health?.change ?? 0) + 1 };
  return { ...value, state: 'enabled', health };
}

/** Adding one that is on its way changes nothing. Throws TransientError `queue_unavailable`. */
export async function addRecovery(jobQueue: JobQueue, ref: RecoveryRef): Promise<void> {
  const { deliver } = jobQueue.queues();
  await deliver.add(RECOVER as never, ref as never, {
    jobId: `recover-${ref.id}`,
    removeOnComplete: true,
    removeOnFail: true,
    stackTraceLimit: 0,
  });
}
