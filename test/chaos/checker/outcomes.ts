/** I1, I3 and I4 of one job: its outcomes, what was delivered of them, and whether they tell the truth. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Outcome } from '@cardseal/core/job';
import type { Arrived, Evidence, Incident, ToldJob } from './evidence.ts';

export async function violationsOfOutcomes(
  evidence: Evidence,
  told: ToldJob,
  arrivedOfJob: readonly Arrived[],
): Promise<string[]> {
  const { ledger, incidents } = evidence;
  const inventory = await ledger.inventory(told.tenant, told.id);
  if (!inventory.committed) return [`I1 ${told.id}: answered 202, but there is no request`];
  const sealed = (await ledger.openJob(told.tenant, told.id))!;
  const last = inventory.decided.at(-1) ?? 0;
  const found = last === 0 ? [`I1 ${told.id}: no outcome`] : [];
  const events = new Set<string>();
  for (let generation = 1; generation <= last; generation++) {
    const outcome = await sealed.outcome(generation);
    if (!outcome) {
      found.push(`I1 ${told.id}: generation ${generation} has no outcome`);
      continue;
    }
    events.add(outcome.eventId);
    found.push(...undelivered(told, outcome, arrivedOfJob, incidents));
    if (outcome.state === 'failed' && !explained(told, outcome, incidents))
      found.push(`I1 ${told.id}: failed with ${outcome.code}, and nothing that was done explains it`);
    if (outcome.state === 'succeeded') found.push(...untrue(told, outcome.full));
  }
  for (const { id } of arrivedOfJob) if (!events.has(id)) found.push(`I3 ${told.id}: event ${id} is of no outcome`);
  return found;
}

function undelivered(
  { id, tenant }: ToldJob,
  outcome: Outcome,
  arrived: readonly Arrived[],
  incidents: readonly Incident[],
): string[] {
  const wanted = createHash('sha256').update(outcome.full).digest('hex');
  const copies = arrived.filter((one) => one.id === outcome.eventId);
  const found: string[] = [];
  if (copies.length === 0 && !hidden(tenant, outcome.atMs, incidents))
    found.push(`I3 ${id}: generation ${outcome.generation} was never delivered`);
  if (copies.some(({ bytesSha256 }) => bytesSha256 !== wanted)) found.push(`I3 ${id}: other bytes than the outcome's`);
  if (copies.some(({ verified }) => !verified)) found.push(`I3 ${id}: a signature does not verify`);
  return found;
}

/** The worker chooses the endpoints right after it writes the outcome, or the worker that takes over does so again. */
const ADDRESSED_WITHIN_MS = 15_000;

function hidden(tenant: string, decidedAtMs: number, incidents: readonly Incident[]): boolean {
  return incidents.some(
    ({ hiddenEndpointOf, fromMs, toMs }) =>
      hiddenEndpointOf === tenant && decidedAtMs >= fromMs - ADDRESSED_WITHIN_MS && decidedAtMs <= toMs + 2000,
  );
}

/** A card may fail only of something that was done while it was at work. */
function explained({ toldAtMs }: ToldJob, { code, atMs }: Outcome, incidents: readonly Incident[]): boolean {
  return incidents.some(
    ({ fails, fromMs, toMs }) => fromMs <= atMs && toMs >= toldAtMs && fails.some((start) => code.startsWith(start)),
  );
}

function untrue({ id, truth }: ToldJob, full: string): string[] {
  if (truth === null) return [];
  const { data } = JSON.parse(full) as { data: { id: string; result?: { card?: Record<string, unknown> } } };
  if (data.id !== id) return [`I4 ${id}: its event is of ${data.id}`];
  const card = data.result?.card;
  return card && isDeepStrictEqual(card, truth) ? [] : [`I4 ${id}: its result is not what the card says`];
}
