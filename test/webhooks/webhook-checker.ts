/**
 * The independent checker of deliveries: what receivers logged is held against the ledger at rest. It shares no state
 * with the run, and says what is wrong in words. I3: every outcome at every endpoint, under one id and with one body,
 * signed; or the delivery stands as exhausted or parked. I7: nothing where it does not belong. I8: answers are not read on
 * and on. And no receiver leads us into the house.
 */
import type { JobId, Outcome } from '@cardseal/core/job';
import type { DeliveryRef, Ledger } from '@cardseal/core/ledger';
import { type Arrival, verifyTwice } from '../support/webhook-receiver.ts';

export interface Listener {
  id: string;
  path: string;
  secret: string;
  payload: 'full' | 'reference';
}

export interface WebhookEvidence {
  tenant: string;
  ledger: Pick<Ledger, 'deliveries' | 'jobs'>;
  listeners: readonly Listener[];
  jobs: readonly JobId[];
  arrivals: readonly Arrival[];
  /** Connections at a place inside the house. */
  trespasses?: number;
  /** How much of an answer the receiver could send before we hung up. */
  answers?: readonly { path: string; takenBytes: number }[];
}

/** What the sockets of both ends may hold of an answer that nobody reads. */
const SOCKETS_BYTES = 16 * 2 ** 20;

/** Empty when every invariant holds. */
export async function webhookViolations(evidence: WebhookEvidence): Promise<string[]> {
  const found: string[] = [];
  const { trespasses = 0, answers = [] } = evidence;
  if (trespasses > 0) found.push(`${trespasses} connections into the house`);
  for (const { path, takenBytes } of answers)
    if (takenBytes > SOCKETS_BYTES) found.push(`I8 ${path}: ${takenBytes} bytes of an answer were taken`);
  const known = new Set<string>(evidence.jobs);
  for (const { path, event } of evidence.arrivals) {
    if (event.type.startsWith('job.') && !known.has(event.data.id)) found.push(`I7 ${path}: told of ${event.data.id}`);
  }
  for (const job of evidence.jobs) {
    const outcome = await (await evidence.ledger.jobs.open(evidence.tenant, job))?.outcome(1);
    if (!outcome) found.push(`I1 ${job}: no outcome`);
    else for (const listener of evidence.listeners) found.push(...(await ofDelivery(evidence, job, outcome, listener)));
  }
  return found;
}

async function ofDelivery(evidence: WebhookEvidence, job: JobId, outcome: Outcome, listener: Listener) {
  const { tenant, arrivals } = evidence;
  const what = `${job} at ${listener.path}`;
  const seen = arrivals.filter(({ path, event }) => path === listener.path && event.data.id === job);
  const bytes = listener.payload === 'full' ? outcome.full : outcome.reference;
  const found: string[] = [];
  if (seen.some(({ id }) => id !== outcome.eventId)) found.push(`I3 ${what}: another id than the outcome's`);
  if (seen.some(({ raw }) => raw !== bytes)) found.push(`I3 ${what}: other bytes than the outcome's`);
  if (seen.some((one) => !verifies(one, listener.secret))) found.push(`I3 ${what}: a signature that does not verify`);
  const ref = { tenant, job, generation: 1, endpoint: listener.id };
  const [standing, refused] = await Promise.all([standingOf(evidence, ref), refusedTries(evidence, ref)]);
  if (standing.state === 'lost') found.push(`I3 ${what}: neither delivered, exhausted, parked nor owed`);
  if (standing.state === 'owed') found.push(`I6 ${what}: still owed`);
  if (standing.state === 'delivered' && seen.length === 0) found.push(`I3 ${what}: on record, but never seen`);
  if (standing.tries - refused > seen.length)
    found.push(`I3 ${what}: ${standing.tries} tries on record, ${refused} never left, ${seen.length} seen`);
  return found;
}

/** A target that is not allowed is not connected to: such a try is on record and nowhere else. */
async function refusedTries({ ledger }: WebhookEvidence, ref: DeliveryRef): Promise<number> {
  return (await ledger.deliveries.records.tries(ref)).filter((one) => one.class === 'target_refused').length;
}

/** Read from the names and records themselves, not by the code that shows them to users. */
async function standingOf({ ledger }: WebhookEvidence, ref: DeliveryRef) {
  const [{ last, tries }, parked, owed] = await Promise.all([
    ledger.deliveries.records.read(ref),
    ledger.jobs.markers.isParked(ref),
    ledger.jobs.markers.isOwed(ref),
  ]);
  if (owed) return { state: 'owed', tries };
  if (parked) return { state: 'parked', tries };
  if (last?.class === 'delivered') return { state: 'delivered', tries };
  return { state: last !== null && last.nextAtMs === null ? 'exhausted' : 'lost', tries };
}

function verifies(arrival: Arrival, secret: string): boolean {
  try {
    verifyTwice(arrival, secret);
    return true;
  } catch {
    return false;
  }
}
