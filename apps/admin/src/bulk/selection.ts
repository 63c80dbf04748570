/** Selects the failed and expired jobs that a bulk retry covers, newest first, from index names alone. */
import type { BulkRetryRecord } from '@cardseal/core/ledger';
import { isFinalFailure } from '@cardseal/core/use-cases';
import type { AdminContext } from '../context.ts';
import { type Found, searchJobs } from '../search/search.ts';

export type BulkQuery = BulkRetryRecord['query'];

export interface SelectedPage {
  jobs: Found[];
  next: string | null;
}

const ENDS = ['failed', 'expired'];

type SelectParts = Pick<AdminContext, 'ledger' | 'clock'>;

export async function selectPage(
  parts: SelectParts,
  query: BulkQuery,
  { after, limit, budgetMs }: { after: string | null; limit: number; budgetMs: number },
): Promise<SelectedPage> {
  return searchJobs(
    parts,
    {
      tenant: query.tenant ?? undefined,
      // Filter by the state in the index name, so that a page holds only jobs to retry.
      states: query.state ? [query.state] : ENDS,
      code: query.code ?? undefined,
      createdAfterMs: query.createdAfterMs ?? undefined,
      createdBeforeMs: query.createdBeforeMs ?? undefined,
    },
    { cursor: after ?? undefined, limit, budgetMs },
  );
}

export interface DryRun {
  /** Jobs that a run would retry. */
  count: number;
  /** Matching jobs that can never succeed, by failure code. */
  leftOut: Record<string, number>;
  /** False when the time ran out: then the counts are lower bounds. */
  complete: boolean;
  sample: Found[];
}

const SAMPLE = 10;
const PAGE = 1000;

/** Counts the matching jobs without changing anything. */
export async function dryRun(parts: SelectParts, query: BulkQuery, budgetMs: number): Promise<DryRun> {
  const untilMs = parts.clock.now() + budgetMs;
  const run: DryRun = { count: 0, leftOut: {}, complete: true, sample: [] };
  let after: string | null = null;
  do {
    const leftMs = untilMs - parts.clock.now();
    if (leftMs <= 0) return { ...run, complete: false };
    const page: SelectedPage = await selectPage(parts, query, { after, limit: PAGE, budgetMs: leftMs });
    for (const one of page.jobs) note(run, one);
    after = page.next;
  } while (after !== null);
  return run;
}

function note(run: DryRun, one: Found): void {
  if (isFinalFailure(one.code)) {
    run.leftOut[one.code] = (run.leftOut[one.code] ?? 0) + 1;
    return;
  }
  run.count++;
  if (run.sample.length < SAMPLE) run.sample.push(one);
}
