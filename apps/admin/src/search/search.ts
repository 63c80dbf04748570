/**
 * Finds jobs by the names of the ledger's index alone. A time is divided into stretches that are looked through at
 * once, and a look ends after a while however little it has found: then it says up to where it came.
 */
import { createdAtMs, isJobId, type JobId } from '@cardseal/core/job';
import { type IndexEntry, type ListingFilter, SYSTEM_TENANT } from '@cardseal/core/ledger';
import type { AdminContext } from '../context.ts';

export interface JobQuery {
  /** One tenant; all of them unless given. */
  tenant?: string | undefined;
  state?: string | undefined;
  states?: readonly string[] | undefined;
  reference?: string | undefined;
  code?: string | undefined;
  createdAfterMs?: number | undefined;
  createdBeforeMs?: number | undefined;
}

export interface Found extends IndexEntry {
  tenant: string;
}

export interface SearchPage {
  jobs: Found[];
  /** Goes on behind this page, as `cursor`; null when nothing older can match. */
  next: string | null;
  /** Everything made later than this was looked at. */
  lookedBackToMs: number | null;
}

type SearchParts = Pick<AdminContext, 'ledger' | 'clock'>;

/** One more page of names may be on its way when it ends: both together stay within a second. */
const BUDGET_MS = 500;
const TENANTS_AT_ONCE = 8;

/** Newest first. `cursor` is the job that ended the page before. */
export async function searchJobs(
  { ledger, clock }: SearchParts,
  query: JobQuery,
  { cursor, limit, budgetMs = BUDGET_MS }: { cursor?: string | undefined; limit: number; budgetMs?: number },
): Promise<SearchPage> {
  const untilMs = clock.now() + budgetMs;
  const tenants = query.tenant
    ? [query.tenant]
    : (await ledger.tenants.records.list(SYSTEM_TENANT)).map(({ id }) => id);
  const after = cursor !== undefined && isJobId(cursor) ? cursor : undefined;
  const filter: ListingFilter = query;
  const pages: { tenant: string; entries: IndexEntry[]; next: JobId | null }[] = [];
  for (let at = 0; at < tenants.length; at += TENANTS_AT_ONCE) {
    const some = tenants.slice(at, at + TENANTS_AT_ONCE).map(async (tenant) => {
      const { entries, next } = await ledger.jobs.listing.page(tenant, filter, { after, limit, untilMs });
      return { tenant, entries, next };
    });
    pages.push(...(await Promise.all(some)));
  }
  return merge(pages, limit);
}

/** What every tenant's page has covered is certain; what only one of them reached waits for the next page. */
function merge(pages: { tenant: string; entries: IndexEntry[]; next: JobId | null }[], limit: number): SearchPage {
  const ends = pages.map(({ next }) => next).filter((next) => next !== null);
  // Ids sort by time: the latest of the ends is what all have come to.
  const covered = ends.sort().at(-1) ?? null;
  const all = pages
    .flatMap(({ tenant, entries }) => entries.map((entry) => ({ tenant, ...entry })))
    .filter(({ job }) => covered === null || job >= covered)
    .sort((a, b) => (a.job < b.job ? 1 : -1));
  const jobs = all.slice(0, limit);
  const next = all.length > limit ? jobs.at(-1)!.job : covered;
  return { jobs, next, lookedBackToMs: next === null ? null : createdAtMs(next) };
}

/** Where a job of this id is; null when no tenant has it. */
export async function findJob({ ledger }: Pick<AdminContext, 'ledger'>, job: JobId): Promise<string | null> {
  const tenants = await ledger.tenants.records.list(SYSTEM_TENANT);
  for (let at = 0; at < tenants.length; at += TENANTS_AT_ONCE) {
    const some = tenants.slice(at, at + TENANTS_AT_ONCE);
    const there = await Promise.all(
      some.map(async ({ id }) => {
        const { committed, erased } = await ledger.jobs.inventory(id, job);
        return committed || erased;
      }),
    );
    const index = there.indexOf(true);
    if (index >= 0) return some[index]!.id;
  }
  return null;
}
