/** The lines of a batch and their jobs. */
import type { JobId } from '@cardseal/core/job';
import { type BatchHead, type BatchId, lineIdPrefix, lineJobId } from '@cardseal/core/ledger';
import type { ApiContext } from '../../context.ts';
import type { BatchCounts } from './schema.ts';

/** Numbers of all lines that are not blank, with the reason for each refused line. */
export function* linesOf(head: BatchHead): Generator<{ line: number; rejected?: { code: string; detail: string } }> {
  const rejected = new Map(head.rejected.map(({ line, ...why }) => [line, why]));
  const blank = new Set(head.blank);
  for (let line = 1; line <= head.lines + head.blank.length; line++) {
    if (blank.has(line)) continue;
    const why = rejected.get(line);
    yield why ? { line, rejected: why } : { line };
  }
}

export function acceptedJobs(id: BatchId, head: BatchHead): Map<JobId, number> {
  const jobs = new Map<JobId, number>();
  for (const { line, rejected } of linesOf(head)) if (!rejected) jobs.set(lineJobId(id, line), line);
  return jobs;
}

/** States of the batch's jobs, from the names of the index; a line without a job is not included. */
export async function statesOf(
  { ledger }: ApiContext,
  tenant: string,
  id: BatchId,
  jobs: ReadonlyMap<JobId, number>,
): Promise<Map<JobId, string>> {
  const states = new Map<JobId, string>();
  for await (const { job, state } of ledger.jobs.listing.entries(tenant, lineIdPrefix(id))) {
    if (jobs.has(job)) states.set(job, state);
  }
  return states;
}

/** @param missing the state of an accepted line without a name in the index. */
export function countStates(
  head: BatchHead,
  states: ReadonlyMap<JobId, string>,
  missing: 'unfinished' | 'cancelled' | 'erased',
): BatchCounts {
  const accepted = head.lines - head.rejected.length;
  const rejected = head.rejected.length;
  const counts: BatchCounts = {
    lines: head.lines,
    accepted,
    rejected,
    unfinished: 0,
    succeeded: 0,
    failed: 0,
    cancelled: 0,
    expired: 0,
    erased: 0,
  };
  for (const state of states.values()) counts[isEnd(state) ? state : 'unfinished']++;
  counts[missing] += accepted - states.size;
  return counts;
}

function isEnd(state: string): state is 'succeeded' | 'failed' | 'cancelled' | 'expired' | 'erased' {
  return ['succeeded', 'failed', 'cancelled', 'expired', 'erased'].includes(state);
}
