/**
 * The independent checker of deliveries. It compares received webhooks with the ledger at rest, shares no state with
 * the code under test, and returns every violation as a sentence. I3: every outcome reaches every endpoint with one id,
 * one body and a signature, or the delivery is exhausted or parked. I7: no endpoint receives another job. I8: the
 * worker does not read endless response bodies. No webhook connects to an internal address.
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
  /** Connections to an internal address. */
  internalConnections?: number;
  /** Response bytes that the receiver could send before the worker closed the connection. */
  answers?: readonly { path: string; takenBytes: number }[];
}

/** The most response bytes that the socket buffers of both ends hold when the worker does not read them. */
const SOCKETS_BYTES = 16 * 2 ** 20;

/** Empty when every invariant holds. */
export async function webhookViolations(evidence: WebhookEvidence): Promise<string[]> {
  const found: string[] = [];
  const { internalConnections = 0, answers = [] } = evidence;
  if (internalConnections > 0) found.push(`${internalConnections} connections to an internal address`);
  for (const { path, takenBytes } of answers)
    if (takenBytes > SOCKETS_BYTES) found.push(`I8 ${path}: ${takenBytes} bytes of a response were sent`);
  const known = new Set<string>(evidence.jobs);
  for (const { path, event } of evidence.arrivals) {
    if (event.type.startsWith('job.') && !known.has(event.data.id))
      found.push(`I7 ${path}: received an event of ${event.data.id}`);
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
  if (seen.some(({ id }) => id !== outcome.eventId)) found.push(`I3 ${what}: another id than the outcome`);
  if (seen.some(({ raw }) => raw !== bytes)) found.push(`I3 ${what}: its bytes differ from the outcome`);
  if (seen.some((one) => !verifies(one, listener.secret))) found.push(`I3 ${what}: a signature does not verify`);
  const ref = { tenant, job, generation: 1, endpoint: listener.id };
  const [current, refused] = await Promise.all([stateOf(evidence, ref), refusedAttempts(evidence, ref)]);
  if (current.state === 'lost') found.push(`I3 ${what}: neither delivered, exhausted, parked nor pending`);
  if (current.state === 'owed') found.push(`I6 ${what}: still pending`);
  if (current.state === 'delivered' && seen.length === 0)
    found.push(`I3 ${what}: recorded as delivered, but never received`);
  if (current.tries - refused > seen.length)
    found.push(`I3 ${what}: ${current.tries} attempts recorded, ${refused} refused, ${seen.length} received`);
  return found;
}

/** The worker does not connect to a forbidden target. Such an attempt is recorded but never arrives. */
async function refusedAttempts({ ledger }: WebhookEvidence, ref: DeliveryRef): Promise<number> {
  return (await ledger.deliveries.records.tries(ref)).filter((one) => one.class === 'target_refused').length;
}

/** Reads the stored names and records directly, not through the code that shows them to users. */
async function stateOf({ ledger }: WebhookEvidence, ref: DeliveryRef) {
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
