/**
 * The independent checker: what clients were told, the emulator's journal of calls, the receiver's log and the ledger at
 * rest are held against the invariants. It shares no state with the run, and says what is wrong in words.
 */
import { isDeepStrictEqual } from 'node:util';
import { decodeCheckpoint, type JobId } from '@cardseal/core/job';
import { type Ledger, type ObjectStore, walk } from '@cardseal/core/ledger';

export interface ToldJob {
  id: JobId;
  /** Hex SHA-256 of the picture that was submitted as `front`. */
  pictureSha256: string;
  /** What the card says, by the generator of the specimen. */
  truth: Record<string, unknown>;
}

export interface Call {
  at: number;
  outcome: string | null;
  image_sha256: string | null;
}

export interface Delivered {
  id: string;
  raw: string;
  type: string;
  job: string;
}

export interface Evidence {
  tenant: string;
  ledger: Ledger;
  bucket: ObjectStore;
  told: readonly ToldJob[];
  calls: readonly Call[];
  delivered: readonly Delivered[];
  /** Accepted calls that kills, time-outs and unusable replies may have cost beyond the first of each side. */
  allowedRepeats: number;
  /** May a card have failed? Only where the run broke what no retry mends. */
  mayFail: boolean;
}

/** A call on the wire when the reply of another was stored is no waste that anybody could have avoided. */
const OVERLAP_MS = 12_000;

/** Empty when every invariant holds. */
export async function violations(evidence: Evidence): Promise<string[]> {
  const found: string[] = [];
  for (const job of evidence.told) found.push(...(await violationsOfJob(evidence, job)));
  found.push(...(await leftovers(evidence.bucket)));
  found.push(...wasted(evidence));
  const known = new Set<string>(evidence.told.map(({ id }) => id));
  for (const { job } of evidence.delivered) if (!known.has(job)) found.push(`I7 ${job}: told of, but never accepted`);
  if (known.size !== evidence.told.length) found.push('I1: two submits were told the same job');
  return found;
}

async function violationsOfJob(evidence: Evidence, told: ToldJob): Promise<string[]> {
  const { tenant, ledger, delivered, mayFail } = evidence;
  const inventory = await ledger.inventory(tenant, told.id);
  if (!inventory.committed) return [`I1 ${told.id}: answered 202, but there is no request`];
  const found: string[] = [];
  const sealed = (await ledger.openJob(tenant, told.id))!;
  const last = inventory.decided.at(-1) ?? 0;
  if (last === 0) found.push(`I1 ${told.id}: no outcome`);
  for (let generation = 1; generation <= last; generation++) {
    const outcome = await sealed.outcome(generation);
    if (!outcome) {
      found.push(`I1 ${told.id}: generation ${generation} has no outcome`);
      continue;
    }
    const events = delivered.filter(({ id }) => id === outcome.eventId);
    if (events.length === 0) found.push(`I3 ${told.id}: generation ${generation} was never delivered`);
    if (events.some(({ raw }) => raw !== outcome.full)) found.push(`I3 ${told.id}: other bytes than the outcome's`);
    if (outcome.state === 'failed' && !mayFail) found.push(`I1 ${told.id}: failed with ${outcome.code}`);
    if (outcome.state === 'succeeded') found.push(...untrue(told, outcome.full));
  }
  const others = delivered.filter(({ job, type }) => job === told.id && type === 'job.succeeded');
  if (new Set(others.map(({ id }) => id)).size > last) found.push(`I3 ${told.id}: more events than generations`);
  const reply = await sealed.reply('front');
  if (reply) found.push(...calledAgain(evidence, told, Date.parse(decodeCheckpoint(reply).header.at)));
  return found;
}

function untrue({ id, truth }: ToldJob, full: string): string[] {
  const { data } = JSON.parse(full) as { data: { id: string; result?: { card?: Record<string, unknown> } } };
  if (data.id !== id) return [`I4 ${id}: its event is of ${data.id}`];
  const card = data.result?.card;
  return card && isDeepStrictEqual(card, truth) ? [] : [`I4 ${id}: its result is not what the card says`];
}

function calledAgain({ calls }: Evidence, { id, pictureSha256 }: ToldJob, storedAtMs: number): string[] {
  const late = calls.filter(({ image_sha256, at }) => image_sha256 === pictureSha256 && at > storedAtMs + OVERLAP_MS);
  return late.length === 0 ? [] : [`I2 ${id}: ${late.length} calls after its reply was stored`];
}

function wasted({ calls, told, allowedRepeats }: Evidence): string[] {
  const pictures = new Set(told.map(({ pictureSha256 }) => pictureSha256));
  const accepted = calls.filter(
    ({ outcome, image_sha256 }) => outcome === 'accepted' && pictures.has(image_sha256 ?? ''),
  );
  const repeats = accepted.length - new Set(accepted.map(({ image_sha256 }) => image_sha256)).size;
  return repeats > allowedRepeats ? [`I2: ${repeats} repeated calls, ${allowedRepeats} are explained`] : [];
}

async function leftovers(bucket: ObjectStore): Promise<string[]> {
  const found: string[] = [];
  for (const prefix of ['pending/', 'undelivered/']) {
    for await (const name of walk(bucket, prefix)) found.push(`I6: ${name} still stands`);
  }
  return found;
}
