/** A batch as its owner sees it: its progress and the result of each line. */
import type { JobView } from '@cardseal/core/job';
import { type BatchHead, type BatchId, lineJobId } from '@cardseal/core/ledger';
import type { ApiContext } from '../../context.ts';
import type { Caller } from '../../http/auth/index.ts';
import { readJob } from '../jobs/index.ts';
import { acceptedJobs, countStates, linesOf, statesOf } from './lines.ts';
import type { BatchCounts, BatchView } from './schema.ts';

const READS_AT_ONCE = 8;

/** null when the tenant has no such batch. */
export async function readBatch(context: ApiContext, tenant: string, id: BatchId): Promise<BatchView | null> {
  const head = await context.ledger.intake.batches.head(tenant, id);
  if (!head) return null;
  const { end } = await context.ledger.intake.batches.status(tenant, id);
  return {
    id,
    state: end?.state ?? 'running',
    created_at: new Date(head.createdAtMs).toISOString(),
    finished_at: end ? new Date(end.atMs).toISOString() : null,
    counts: end ? (end.counts as unknown as BatchCounts) : await countNow(context, tenant, id, head),
    rejected: head.rejected,
  };
}

async function countNow(context: ApiContext, tenant: string, id: BatchId, head: BatchHead): Promise<BatchCounts> {
  return countStates(head, await statesOf(context, tenant, id, acceptedJobs(id, head)), 'unfinished');
}

export type BatchResult =
  | { line: number; job: JobView | PendingLine }
  | { line: number; rejected: { code: string; detail: string } };

/** A line whose job does not exist yet, or never will. */
type PendingLine = Pick<JobView, 'id' | 'generation' | 'state'>;

/** Every line in order. Reads a few jobs at a time and keeps no more in memory. */
export async function* batchResults(
  context: ApiContext,
  caller: Caller,
  id: BatchId,
  head: BatchHead,
): AsyncGenerator<BatchResult> {
  const over = (await context.ledger.intake.batches.status(caller.tenant, id)).end !== null;
  let window: Promise<BatchResult>[] = [];
  for (const { line, rejected } of linesOf(head)) {
    window.push(rejected ? Promise.resolve({ line, rejected }) : readLine(context, caller, id, line, over));
    if (window.length < READS_AT_ONCE) continue;
    yield* await Promise.all(window);
    window = [];
  }
  yield* await Promise.all(window);
}

async function readLine(
  context: ApiContext,
  caller: Caller,
  id: BatchId,
  line: number,
  over: boolean,
): Promise<BatchResult> {
  const job = lineJobId(id, line);
  const view = await readJob(context, caller, job);
  return { line, job: view ?? { id: job, generation: 1, state: over ? 'cancelled' : 'queued' } };
}
