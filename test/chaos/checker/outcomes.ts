/** I1, I3 and I4 for one job: its outcomes, their deliveries, and whether the result matches the card. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Outcome } from '@cardseal/core/job';
import type { AcceptedJob, Arrived, Evidence, Incident } from './evidence.ts';

export async function violationsOfOutcomes(
  evidence: Evidence,
  job: AcceptedJob,
  arrivedOfJob: readonly Arrived[],
): Promise<string[]> {
  const { ledger, incidents } = evidence;
  const inventory = await ledger.jobs.inventory(job.tenant, job.id);
  if (!inventory.committed) return [`I1 ${job.id}: answered 202, but there is no request`];
  const sealed = (await ledger.jobs.open(job.tenant, job.id))!;
  const last = inventory.decided.at(-1) ?? 0;
  const found = last === 0 ? [`I1 ${job.id}: no outcome`] : [];
  const events = new Set<string>();
  for (let generation = 1; generation <= last; generation++) {
    const outcome = await sealed.outcome(generation);
    if (!outcome) {
      found.push(`I1 ${job.id}: generation ${generation} has no outcome`);
      continue;
    }
    events.add(outcome.eventId);
    found.push(...undelivered(job, outcome, arrivedOfJob, incidents));
    if (outcome.state === 'failed' && !explained(job, outcome, incidents))
      found.push(`I1 ${job.id}: failed with ${outcome.code}, and no incident explains it`);
    if (outcome.state === 'succeeded') found.push(...untrue(job, outcome.full));
  }
  for (const { id } of arrivedOfJob) if (!events.has(id)) found.push(`I3 ${job.id}: event ${id} belongs to no outcome`);
  return found;
}

function undelivered(
  { id, tenant }: AcceptedJob,
  outcome: Outcome,
  arrived: readonly Arrived[],
  incidents: readonly Incident[],
): string[] {
  const wanted = createHash('sha256').update(outcome.full).digest('hex');
  const copies = arrived.filter((one) => one.id === outcome.eventId);
  const found: string[] = [];
  if (copies.length === 0 && !hidden(tenant, outcome.atMs, incidents))
    found.push(`I3 ${id}: generation ${outcome.generation} was never delivered`);
  if (copies.some(({ bytesSha256 }) => bytesSha256 !== wanted))
    found.push(`I3 ${id}: its bytes differ from the outcome`);
  if (copies.some(({ verified }) => !verified)) found.push(`I3 ${id}: a signature does not verify`);
  return found;
}

/** The worker chooses the endpoints right after it writes the outcome. After a crash its successor does so again. */
const ADDRESSED_WITHIN_MS = 15_000;

function hidden(tenant: string, decidedAtMs: number, incidents: readonly Incident[]): boolean {
  return incidents.some(
    ({ hiddenEndpointOf, fromMs, toMs }) =>
      hiddenEndpointOf === tenant && decidedAtMs >= fromMs - ADDRESSED_WITHIN_MS && decidedAtMs <= toMs + 2000,
  );
}

/** A job may fail only for an incident that happened between its 202 and its outcome. */
function explained({ acceptedAtMs }: AcceptedJob, { code, atMs }: Outcome, incidents: readonly Incident[]): boolean {
  return incidents.some(
    ({ fails, fromMs, toMs }) =>
      fromMs <= atMs && toMs >= acceptedAtMs && fails.some((start) => code.startsWith(start)),
  );
}

function untrue({ id, truth }: AcceptedJob, full: string): string[] {
  if (truth === null) return [];
  const { data } = JSON.parse(full) as { data: { id: string; result?: { card?: Record<string, unknown> } } };
  if (data.id !== id) return [`I4 ${id}: its event names ${data.id}`];
  const card = data.result?.card;
  return card && isDeepStrictEqual(card, truth) ? [] : [`I4 ${id}: its result does not match the card`];
}
