/**
 * Finds jobs from the names in the ledger's index alone. The ledger lists several periods of time in parallel. A search
 * ends after a time limit, even with few results, and reports how far back it searched.
 */
import { createdAtMs, isJobId, type JobId } from '@cardseal/core/job';
import { type IndexEntry, type ListingFilter, SYSTEM_TENANT } from '@cardseal/core/ledger';
import type { AdminContext } from '../context.ts';

export interface JobQuery {
  /** One tenant; all tenants by default. */
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
  /** The `cursor` of the next page; null when no older job can match. */
  next: string | null;
  /** All jobs created after this time were searched. */
  lookedBackToMs: number | null;
}

type SearchParts = Pick<AdminContext, 'ledger' | 'clock'>;

/** A listing may still run when the time is over; with it, a search takes less than a second. */
const BUDGET_MS = 500;
const TENANTS_AT_ONCE = 8;

/** Returns the newest jobs first. `cursor` is the last job of the previous page. */
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

/** Merges the pages of all tenants down to the period that every page covers. Older jobs follow on the next page. */
function merge(pages: { tenant: string; entries: IndexEntry[]; next: JobId | null }[], limit: number): SearchPage {
  const ends = pages.map(({ next }) => next).filter((next) => next !== null);
  // Ids sort by time: the newest of the ends is the point that every page has reached.
  const covered = ends.sort().at(-1) ?? null;
  const all = pages
    .flatMap(({ tenant, entries }) => entries.map((entry) => ({ tenant, ...entry })))
    .filter(({ job }) => covered === null || job >= covered)
    .sort((a, b) => (a.job < b.job ? 1 : -1));
  const jobs = all.slice(0, limit);
  const next = all.length > limit ? jobs.at(-1)!.job : covered;
  return { jobs, next, lookedBackToMs: next === null ? null : createdAtMs(next) };
}

/** Returns the tenant that has the job, or null. */
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
