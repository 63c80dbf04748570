/**
 * The daily reconciliation: accepted = finished + open, and every finished job is delivered, parked, owed, without a
 * subscriber, or erased. It reads the names of the day as a stream, and may be interrupted and repeated at any point.
 * Concurrent runs write the same parts.
 */
import type { Clock } from '@cardseal/base/clock';
import { RejectedError } from '@cardseal/base/errors';
import type { JobId } from '../job/index.ts';
import type { DayJob, Ledger, ManifestRef } from '../ledger/index.ts';
import { dayOf, stretchOf } from './day.ts';
import { type JobLine, judge, type ManifestCounts } from './judge.ts';

/** Jobs that are checked at once, and jobs in one part. */
const AT_ONCE = 50;
const PART = 5000;
/** The head names at most this many problems; the parts name all. */
const NAMED = 100;

export interface Manifest {
  v: 1;
  tenant: string;
  /** In Shanghai. */
  day: string;
  run: number;
  madeAt: string;
  counts: ManifestCounts;
  /** False when the sums do not match or a job has a problem. */
  agrees: boolean;
  problems: number;
  disagreements: JobLine[];
  parts: number;
}

/**
 * Creates the next run of a day, or continues an unfinished one. null when `signal` stopped it. Throws RejectedError
 * `day_invalid` for an invalid day.
 */
export async function makeManifest(
  ledger: Ledger,
  clock: Clock,
  { tenant, day }: { tenant: string; day: string },
  signal?: AbortSignal,
): Promise<Manifest | null> {
  const stretch = stretchOf(day);
  if (!stretch) throw new RejectedError('day_invalid');
  const ref: ManifestRef = { tenant, day, run: (await ledger.reports.manifests.latest(tenant, day)) + 1 };
  const sums = newSums();
  let after: JobId | undefined;
  let parts = 0;
  for await (const lines of ledger.reports.manifests.parts<JobLine>(ref)) {
    for (const line of lines) add(sums, line);
    after = lines.at(-1)?.id;
    parts++;
  }
  const endpoints = await ledger.tenants.endpoints.list(tenant);
  const disabled = endpoints.filter(({ value }) => value.state === 'disabled').map(({ id }) => id);
  let part: JobLine[] = [];
  const keep = async () => {
    const standing = await ledger.reports.manifests.putPart(ref, parts++, part);
    for (const line of standing) add(sums, line);
    const last = standing.at(-1)!.id;
    part = part.filter(({ id }) => id > last);
    return last;
  };
  const walk = ledger.reports.manifests.jobs(tenant, { ...stretch, after, disabled });
  for await (const some of chunks(walk, AT_ONCE)) {
    if (signal?.aborted) return null;
    const lines = await Promise.all(some.map((found) => judge({ ledger, tenant, endpoints }, found)));
    part.push(...lines.filter((line) => line !== null && line.id > (after ?? '')).map((line) => line!));
    if (part.length >= PART) after = await keep();
  }
  while (part.length > 0) await keep();
  const manifest = concluded(ref, sums, parts, clock.now());
  await ledger.reports.manifests.commit(ref, manifest);
  return readManifest(ledger, tenant, day);
}

/** The newest complete run; null when the day has none. */
export async function readManifest(ledger: Ledger, tenant: string, day: string): Promise<Manifest | null> {
  const run = await ledger.reports.manifests.latest(tenant, day);
  return run === 0 ? null : ledger.reports.manifests.head<Manifest>({ tenant, day, run });
}

/** The last complete day. Jobs of its last hour may still finish, so a report waits one hour after its end. */
export function lastDay(nowMs: number): string {
  return dayOf(nowMs - 25 * 3_600_000);
}

interface Sums {
  counts: ManifestCounts;
  problems: number;
  disagreements: JobLine[];
}

function newSums(): Sums {
  const counts = {
    accepted: 0,
    finished: 0,
    open: 0,
    delivered: 0,
    parked: 0,
    undelivered: 0,
    unaddressed: 0,
    erased: 0,
  };
  return { counts, problems: 0, disagreements: [] };
}

function add(sums: Sums, line: JobLine): void {
  const { counts } = sums;
  counts.accepted++;
  if (line.state === 'open') counts.open++;
  if (line.state === 'finished' || line.state === 'erased') counts.finished++;
  if (line.state === 'erased') counts.erased++;
  if (line.delivery) counts[line.delivery]++;
  if (!line.problem) return;
  sums.problems++;
  if (sums.disagreements.length < NAMED) sums.disagreements.push(line);
}

function concluded(
  { tenant, day, run }: ManifestRef,
  { counts, problems, disagreements }: Sums,
  parts: number,
  nowMs: number,
): Manifest {
  const { accepted, finished, open, delivered, parked, undelivered, unaddressed, erased } = counts;
  const adds = accepted === finished + open && finished === delivered + parked + undelivered + unaddressed + erased;
  return {
    v: 1,
    tenant,
    day,
    run,
    madeAt: new Date(nowMs).toISOString(),
    counts,
    agrees: adds && problems === 0,
    problems,
    disagreements,
    parts,
  };
}

async function* chunks(items: AsyncIterable<DayJob>, size: number): AsyncGenerator<DayJob[]> {
  let chunk: DayJob[] = [];
  for await (const item of items) {
    if (chunk.push(item) < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
