/**
 * Carries out due names. Each one is checked against the ledger first: a name may be late, may occur twice, and a
 * retry or an erasure may have overtaken it.
 */

import { TransientError } from '@cardseal/base/errors';
import type { JobId } from '@cardseal/core/job';
import type { DueRef } from '@cardseal/core/ledger';
import { eraseJob, finishErasure, removeAll } from '@cardseal/core/use-cases';
import type { WorkerContext } from '../../context.ts';
import { announce } from '../../recognize/steps/announce.ts';
import { conclude } from '../../recognize/steps/conclude.ts';
import { needsNoImages } from '../../recognize/support/remove-images.ts';
import { openSides, openWork, type Work } from '../../recognize/support/work.ts';

const MAX_WORK_MS = 60_000;

export async function settleDue(context: WorkerContext, { tenant, job, what }: DueRef): Promise<void> {
  if (what === 'erased') return lookAgain(context, tenant, job);
  const { generation } = await context.ledger.jobs.inventory(tenant, job);
  const queued = { tenant, job, generation, attempts: [] };
  const work = await openWork(context, queued, AbortSignal.timeout(MAX_WORK_MS));
  if (!work) {
    // Written before the commit, which may still follow.
    if (what === 'expire' && (await context.ledger.jobs.pendingSubmissions.left(tenant, job)))
      throw new TransientError('submit_open');
    return;
  }
  if (what === 'expire') return expire(context, work);
  const decided = work.inventory.decided.includes(generation);
  if (what === 'pictures' && decided) return deleteImages(context, work);
  // A generation that a retry has opened schedules its own deletion when it ends.
  if (what === 'retention' && decided) await eraseJob(context, tenant, job, 'retention');
}

/** One conditional write decides the outcome: a reply that arrives at this moment wins, or is not reported. */
async function expire(context: WorkerContext, work: Work): Promise<void> {
  const undecided = !work.inventory.decided.includes(work.generation);
  if (work.generation !== 1 || !undecided || openSides(work).length === 0) return;
  // The name may belong to a submission that crashed: the committed request has the deadline that counts.
  if ((work.request.expiresAtMs ?? Number.POSITIVE_INFINITY) > context.clock.now()) return;
  await conclude(context, work, { state: 'expired' });
  await announce(context, work);
}

async function deleteImages({ ledger, clock, config }: WorkerContext, work: Work): Promise<void> {
  const outcome = await work.sealed.outcome(work.generation);
  if (!outcome) return;
  // The worker that announced the outcome could not delete them. No retry can need them.
  if (needsNoImages(outcome.state)) return ledger.jobs.deleteImages(work.tenant, work.job, work.request.sides);
  if (outcome.atMs + config.RETRY_WINDOW_MS > clock.now()) return;
  // A retry that was just opened needs them, and schedules their deletion when it ends.
  if (!(await ledger.jobs.closeRetryWindow(work.tenant, work.job))) return;
  await ledger.jobs.deleteImages(work.tenant, work.job, work.request.sides);
}

/**
 * Completes an erasure that could not delete everything. After a complete one it removes what another process wrote at the
 * moment of the erasure, if that process crashed before it looked for the tombstone.
 */
async function lookAgain(context: WorkerContext, tenant: string, job: JobId): Promise<void> {
  const { erasures } = context.ledger.jobs;
  const [tombstone, record] = await Promise.all([erasures.tombstone(tenant, job), erasures.readRecord(tenant, job)]);
  if (!tombstone) return;
  if (record) await removeAll(context.ledger, tenant, job, tombstone);
  else await finishErasure(context, tenant, job, tombstone);
}
