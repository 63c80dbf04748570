/** Compares open generations with the recognize queue in both directions, and opens what a generation still needs. */

import { ERASURE_GENERATION, type Inventory, type PendingMarker } from '@cardseal/core/ledger';
import { recognizeJobId } from '@cardseal/core/queue';
import { completeErasure, ErasureIncomplete, eraseJob } from '@cardseal/core/use-cases';
import { chunked, noteDefect, noteMissing } from './notes.ts';
import { openNeeded } from './open-needed.ts';
import { queued, stillQueued } from './queued-jobs.ts';
import type { DoctorContext, DoctorReport } from './report.ts';

/** A worker may still announce a job that ended more recently. */
const STILL_AT_WORK_MS = 30_000;

export async function examineJobs(context: DoctorContext, report: DoctorReport): Promise<void> {
  const { ledger } = context;
  const uncommitted = new Map<PendingMarker, string>();
  await chunked(ledger.jobs.markers.pending(), async (marker) => {
    report.pending++;
    await noteDefect(report, recognizeJobId(marker.job, marker.generation), async () => {
      if (await examineGeneration(context, marker, report)) return;
      const left = await ledger.jobs.pendingSubmissions.left(marker.tenant, marker.job);
      if (left) uncommitted.set(marker, left.seen);
    });
  });
  await examineUncommitted(context, uncommitted, report);
}

/** Returns false when the job has no request: its submit is in progress or was interrupted. */
async function examineGeneration(
  context: DoctorContext,
  marker: PendingMarker,
  report: DoctorReport,
): Promise<boolean> {
  const { ledger, jobQueue } = context;
  const { tenant, job, generation } = marker;
  const id = recognizeJobId(job, generation);
  const state = await jobQueue.queues().recognize.getJobState(id);
  const inventory = await ledger.jobs.inventory(tenant, job);
  if (!inventory.open.includes(generation)) return true;
  if (inventory.erased || generation === ERASURE_GENERATION) {
    if (state === 'unknown') await examineErasure(context, marker, inventory, report);
    return true;
  }
  // Only accepted jobs are queued. So the store has lost the request of a queued job that has none.
  const isLost = inventory.requestLost || (!inventory.committed && state !== 'unknown');
  if (isLost) noteMissing(report, `jobs/${tenant}/${job}/request`);
  else if (!inventory.committed) return false;
  // A job may have findings in both queue and ledger: an unreadable job may also be abandoned.
  const isEnded = state === 'failed' || state === 'completed';
  if (isEnded) await examineAbandoned(context, marker, inventory, report);
  const request = isLost ? null : await openNeeded(context, marker, report);
  if (!request || state !== 'unknown') return true;
  report.missing_cards.push(id);
  if (context.fix) {
    const { priority, sides } = request;
    await jobQueue.addCards([{ tenant, job, generation, priority, calls: sides.length, restored: true }]);
  }
  return true;
}

async function examineErasure(
  context: DoctorContext,
  marker: PendingMarker,
  { committed, requestLost }: Inventory,
  report: DoctorReport,
): Promise<void> {
  const id = recognizeJobId(marker.job, marker.generation);
  report.orphan_markers.push(id);
  if (!context.fix) return;
  try {
    await erase(context, marker, committed || requestLost);
  } catch (error) {
    // Workers retry until the store deletes the rest. Continue with the other findings.
    if (!(error instanceof ErasureIncomplete)) throw error;
    report.left_to_workers.push(id);
  }
}

/** Finishes an erasure that was requested. A requested erasure is never undone. */
async function erase(context: DoctorContext, marker: PendingMarker, accepted: boolean): Promise<void> {
  const { ledger } = context;
  const { tenant, job } = marker;
  const tombstone = await ledger.jobs.erasures.tombstone(tenant, job);
  if (tombstone) await completeErasure(context, tenant, job, tombstone);
  else if (accepted) await eraseJob(context, tenant, job, 'request');
  else await ledger.jobs.markers.close(marker);
}

/**
 * BullMQ gave up the job while its generation is open. A decided generation lacks only its announcement, which a new queue
 * entry repeats. An undecided one is left to a worker, which fails the job.
 */
async function examineAbandoned(
  { jobQueue, clock, fix }: DoctorContext,
  marker: PendingMarker,
  { decided }: Inventory,
  report: DoctorReport,
): Promise<void> {
  const { tenant, job, generation } = marker;
  const id = recognizeJobId(job, generation);
  const entry = await jobQueue.queues().recognize.getJob(id);
  if (entry?.finishedOn && clock.now() - entry.finishedOn < STILL_AT_WORK_MS) return;
  report.abandoned_cards.push(id);
  if (!decided.includes(generation)) return void report.left_to_workers.push(id);
  if (!fix) return;
  await entry?.remove();
  await jobQueue.addCards([{ tenant, job, generation, priority: 'bulk', calls: 1, restored: true }]);
}

/** Reads twice: a submit in progress changes between the two reads, an interrupted one does not. */
async function examineUncommitted(
  { ledger, clock, pauseMs = 2000 }: DoctorContext,
  seen: ReadonlyMap<PendingMarker, string>,
  report: DoctorReport,
): Promise<void> {
  if (seen.size === 0) return;
  await clock.sleep(pauseMs);
  for (const [marker, before] of seen) {
    const id = recognizeJobId(marker.job, marker.generation);
    await noteDefect(report, id, async () => {
      const left = await ledger.jobs.pendingSubmissions.left(marker.tenant, marker.job);
      if (left?.seen !== before) return;
      report.uncommitted.push(id);
      report.left_to_workers.push(id);
    });
  }
}

export async function examineQueuedJobs({ ledger, jobQueue, fix }: DoctorContext, report: DoctorReport): Promise<void> {
  for await (const job of queued(jobQueue.queues().recognize)) {
    const { tenant, job: id, generation } = job.data;
    const inventory = await ledger.jobs.inventory(tenant, id);
    if (inventory.open.includes(generation) || !(await stillQueued(job))) continue;
    if (isUndecided(inventory, generation)) {
      noteMissing(report, `pending/${tenant}/${recognizeJobId(id, generation)}`);
      continue;
    }
    report.stale_cards.push(job.id!);
    if (fix) await job.remove().catch(() => {});
  }
}

/**
 * Only an erasure, or a retry after the retry window, closes an undecided generation. Otherwise the store has lost the
 * marker, and only the queue entry still refers to the job.
 */
function isUndecided({ committed, erased, windowClosed, decided }: Inventory, generation: number): boolean {
  return committed && !erased && !windowClosed && !decided.includes(generation);
}
