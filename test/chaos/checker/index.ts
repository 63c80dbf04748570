/**
 * The independent checker. It compares client responses, incidents, the emulator's call log, the webhooks and the
 * ledger at rest with the invariants. It shares no state with the code under test and returns every violation as a
 * sentence.
 */
import { type ObjectStore, scan } from '@cardseal/object-store';
import { violationsOfBounds, violationsOfTenants } from './bounds.ts';
import { calledAgain, violationsOfCalls } from './calls.ts';
import type { AcceptedJob, Arrived, Call, Evidence } from './evidence.ts';
import { violationsOfOutcomes } from './outcomes.ts';

export { countRepeats } from './calls.ts';
export type * from './evidence.ts';

const AT_ONCE = 8;

/** Empty when every invariant holds. */
export async function violations(evidence: Evidence): Promise<string[]> {
  const { accepted } = evidence;
  const arrived = grouped(evidence.arrived, ({ job }) => job);
  const calls = grouped(evidence.calls, ({ image_sha256 }) => image_sha256 ?? '');
  const owed = await owedRemovals(evidence);
  const found: string[] = [];
  for (let from = 0; from < accepted.length; from += AT_ONCE) {
    const some = accepted
      .slice(from, from + AT_ONCE)
      .map(async (job) => [
        ...(await violationsOfOutcomes(evidence, job, arrived.get(job.id) ?? [])),
        ...(await imagesLeft(evidence, job, owed)),
        ...(await calledAgain(evidence, job, calls.get(job.imageSha256))),
      ]);
    found.push(...(await Promise.all(some)).flat());
  }
  found.push(...(await leftovers(evidence.bucket)), ...violationsOfCalls(evidence));
  found.push(...violationsOfTenants(evidence), ...violationsOfBounds(evidence));
  for (const { kind, broken = [] } of evidence.incidents) found.push(...broken.map((text) => `${text} ("${kind}")`));
  if (new Set(accepted.map(({ id }) => id)).size !== accepted.length)
    found.push('I1: two submits received the same job id');
  return found;
}

function grouped<T extends Arrived | Call>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

const YEAR_MS = 365 * 86_400_000;

/** Jobs whose images a later sweep deletes: a retry may still need them, or an earlier delete failed. */
async function owedRemovals({ ledger }: Evidence): Promise<ReadonlySet<string>> {
  const owed = new Set<string>();
  for await (const { job, what } of ledger.jobs.schedule.until(Date.now() + YEAR_MS))
    if (what === 'pictures') owed.add(job);
  return owed;
}

/** I5: the images of a succeeded job are deleted, or the ledger still schedules their removal. */
async function imagesLeft({ ledger }: Evidence, job: AcceptedJob, owed: ReadonlySet<string>): Promise<string[]> {
  const { images, decided } = await ledger.jobs.inventory(job.tenant, job.id);
  if (images.length === 0 || owed.has(job.id)) return [];
  const sealed = await ledger.jobs.open(job.tenant, job.id);
  const [request, outcome] = await Promise.all([sealed?.request(), sealed?.outcome(decided.at(-1) ?? 1)]);
  if (request?.keepImages || (outcome?.state !== 'succeeded' && outcome?.state !== 'cancelled')) return [];
  return [`I5 ${job.id}: its images are still there and no removal is scheduled`];
}

async function leftovers(bucket: ObjectStore): Promise<string[]> {
  const found: string[] = [];
  for (const prefix of ['pending/', 'undelivered/']) {
    for await (const name of scan(bucket, prefix)) found.push(`I6: ${name} still exists`);
  }
  return found;
}
