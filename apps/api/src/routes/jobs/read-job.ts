/** The job as its owner may see it, from the ledger. Redis adds hints about active work and may be away. */

import type { JobId, JobRequest, JobView, Side, SideState } from '@cardseal/core/job';
import { assertRequestKept, type Inventory } from '@cardseal/core/ledger';
import type { LiveHint } from '@cardseal/core/queue';
import { maskResult } from '@cardseal/idcard/card';
import type { ApiContext } from '../../context.ts';
import type { Caller } from '../../http/auth/index.ts';
import { type Waiting, waitingOf } from '../quota/index.ts';
import { erasedView } from './erased-view.ts';
import { readDeliveries } from './read-deliveries.ts';

/**
 * null when there is no such job of this tenant. Throws DefectError `job_request_missing` or `job_key_missing` when the
 * store lost one of them.
 */
export async function readJob(context: ApiContext, caller: Caller, job: JobId): Promise<JobView | null> {
  const { ledger } = context;
  const inventory = await ledger.jobs.inventory(caller.tenant, job);
  if (inventory.erased) {
    const [tombstone, record] = await Promise.all([
      ledger.jobs.erasures.tombstone(caller.tenant, job),
      ledger.jobs.erasures.readRecord(caller.tenant, job),
    ]);
    return tombstone && erasedView(job, tombstone, record);
  }
  assertRequestKept(inventory, caller.tenant, job);
  if (!inventory.committed) return null;
  const sealed = await ledger.jobs.open(caller.tenant, job);
  if (!sealed) return null;
  if (inventory.decided.includes(inventory.generation)) {
    const [outcome, deliveries] = await Promise.all([
      sealed.outcome(inventory.generation),
      readDeliveries(context, caller.tenant, job),
    ]);
    // The job was erased between the two reads.
    if (!outcome) return readJob(context, caller, job);
    const view = (JSON.parse(outcome.full) as { data: JobView }).data;
    return masked({ ...view, deliveries }, caller);
  }
  const [request, hint, pool] = await Promise.all([
    sealed.request(),
    readHint(context, job, inventory.generation),
    context.pool.state(),
  ]);
  return request && unfinished(request, inventory, hint, hint && waitingOf(hint, pool, context.clock.now()));
}

/** Redis must never delay or fail a read. */
async function readHint({ jobQueue }: ApiContext, job: JobId, generation: number): Promise<LiveHint | null> {
  return jobQueue.hint(job, generation).catch(() => null);
}

function unfinished(
  request: JobRequest,
  inventory: Inventory,
  hint: LiveHint | null,
  waiting: Waiting | null,
): JobView {
  const state = (side: Side): SideState => (inventory.replies.includes(side) ? 'recognized' : 'queued');
  return {
    id: request.job,
    generation: inventory.generation,
    state: hint?.active ? 'recognizing' : 'queued',
    waiting_for: waiting ? waiting.waitingFor : 'worker',
    estimated_start_at: waiting?.startAtMs ? new Date(waiting.startAtMs).toISOString() : null,
    reference: request.reference,
    metadata: request.metadata,
    created_at: new Date(request.createdAtMs).toISOString(),
    finished_at: null,
    sides: Object.fromEntries(request.sides.map((side) => [side, { state: state(side) }])),
    attempts: hint?.attempts ?? [],
    deliveries: [],
  };
}

function masked(view: JobView, caller: Caller): JobView {
  if (!view.result || caller.scopes.includes('results:read')) return view;
  return { ...view, result: maskResult(view.result) };
}
