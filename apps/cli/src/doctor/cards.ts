/** Open generations against the queue of jobs, both ways. What a generation still needs is opened. */

import { ERASURE_GENERATION, type Inventory, type PendingMarker } from '@cardseal/core/ledger';
import { recognizeJobId } from '@cardseal/core/queue';
import { completeErasure, ErasureIncomplete, eraseJob } from '@cardseal/core/use-cases';
import { chunked, noteDefect, noteMissing } from './broken.ts';
import type { Examination, Findings } from './examination.ts';
import { openNeeded } from './open-needed.ts';
import { queued, stillQueued } from './queued.ts';

/** A worker is still announcing a job that ended so recently. */
const STILL_AT_WORK_MS = 30_000;

export async function examineCards(examination: Examination, findings: Findings): Promise<void> {
  const { ledger } = examination;
  const uncommitted = new Map<PendingMarker, string>();
  await chunked(ledger.jobs.markers.pending(), async (marker) => {
    findings.pending++;
    await noteDefect(findings, recognizeJobId(marker.job, marker.generation), async () => {
      if (await examineCard(examination, marker, findings)) return;
      const left = await ledger.jobs.pendingSubmissions.left(marker.tenant, marker.job);
      if (left) uncommitted.set(marker, left.seen);
    });
  });
  await examineUncommitted(examination, uncommitted, findings);
}

/** False when the job has no request: a submit that is under way, or an interrupted one. */
async function examineCard(examination: Examination, marker: PendingMarker, findings: Findings): Promise<boolean> {
  const { ledger, jobQueue } = examination;
  const { tenant, job, generation } = marker;
  const id = recognizeJobId(job, generation);
  const state = await jobQueue.queues().recognize.getJobState(id);
  const inventory = await ledger.jobs.inventory(tenant, job);
  if (!inventory.open.includes(generation)) return true;
  if (inventory.erased || generation === ERASURE_GENERATION) {
    if (state === 'unknown') await examineErasure(examination, marker, inventory, findings);
    return true;
  }
  // Only accepted jobs are queued, so a queued job without a request has lost it.
  const isLost = inventory.requestLost || (!inventory.committed && state !== 'unknown');
  if (isLost) noteMissing(findings, `jobs/${tenant}/${job}/request`);
  else if (!inventory.committed) return false;
  // A job may have findings of the queue and of the ledger: a broken job may also be abandoned.
  const isEnded = state === 'failed' || state === 'completed';
  if (isEnded) await examineAbandoned(examination, marker, inventory, findings);
  const request = isLost ? null : await openNeeded(examination, marker, findings);
  if (!request || state !== 'unknown') return true;
  findings.missing_cards.push(id);
  if (examination.fix) {
    const { priority, sides } = request;
    await jobQueue.addCards([{ tenant, job, generation, priority, calls: sides.length, restored: true }]);
  }
  return true;
}

async function examineErasure(
  examination: Examination,
  marker: PendingMarker,
  { committed, requestLost }: Inventory,
  findings: Findings,
): Promise<void> {
  const id = recognizeJobId(marker.job, marker.generation);
  findings.orphan_markers.push(id);
  if (!examination.fix) return;
  try {
    await erase(examination, marker, committed || requestLost);
  } catch (error) {
    // Workers retry until the store deletes the rest; the examination goes on to what can be repaired.
    if (!(error instanceof ErasureIncomplete)) throw error;
    findings.left_to_workers.push(id);
  }
}

/** It was asked for: it is finished, never undone. */
async function erase(examination: Examination, marker: PendingMarker, accepted: boolean): Promise<void> {
  const { ledger } = examination;
  const { tenant, job } = marker;
  const tombstone = await ledger.jobs.erasures.tombstone(tenant, job);
  if (tombstone) await completeErasure(examination, tenant, job, tombstone);
  else if (accepted) await eraseJob(examination, tenant, job, 'request');
  else await ledger.jobs.markers.close(marker);
}

/**
 * The queue gave the job up and its generation is open. A decided generation only lacks its announcement, which the queue
 * can repeat. An undecided one is left to a worker, which fails it.
 */
async function examineAbandoned(
  { jobQueue, clock, fix }: Examination,
  marker: PendingMarker,
  { decided }: Inventory,
  findings: Findings,
): Promise<void> {
  const { tenant, job, generation } = marker;
  const id = recognizeJobId(job, generation);
  const entry = await jobQueue.queues().recognize.getJob(id);
  if (entry?.finishedOn && clock.now() - entry.finishedOn < STILL_AT_WORK_MS) return;
  findings.abandoned_cards.push(id);
  if (!decided.includes(generation)) return void findings.left_to_workers.push(id);
  if (!fix) return;
  await entry?.remove();
  await jobQueue.addCards([{ tenant, job, generation, priority: 'bulk', calls: 1, restored: true }]);
}

/** A submit in progress changes between two reads; an interrupted one does not change. */
async function examineUncommitted(
  { ledger, clock, pauseMs = 2000 }: Examination,
  seen: ReadonlyMap<PendingMarker, string>,
  findings: Findings,
): Promise<void> {
  if (seen.size === 0) return;
  await clock.sleep(pauseMs);
  for (const [marker, before] of seen) {
    const id = recognizeJobId(marker.job, marker.generation);
    await noteDefect(findings, id, async () => {
      const left = await ledger.jobs.pendingSubmissions.left(marker.tenant, marker.job);
      if (left?.seen !== before) return;
      findings.uncommitted.push(id);
      findings.left_to_workers.push(id);
    });
  }
}

export async function examineQueuedCards({ ledger, jobQueue, fix }: Examination, findings: Findings): Promise<void> {
  for await (const job of queued(jobQueue.queues().recognize)) {
    const { tenant, job: id, generation } = job.data;
    const inventory = await ledger.jobs.inventory(tenant, id);
    if (inventory.open.includes(generation) || !(await stillQueued(job))) continue;
    if (isUndecided(inventory, generation)) {
      noteMissing(findings, `pending/${tenant}/${recognizeJobId(id, generation)}`);
      continue;
    }
    findings.stale_cards.push(job.id!);
    if (fix) await job.remove().catch(() => {});
  }
}

/**
 * Only an erasure, or a retry after the retry window, closes an undecided generation. Otherwise the store lost its marker,
 * and only the queue still leads to the job.
 */
function isUndecided({ committed, erased, windowClosed, decided }: Inventory, generation: number): boolean {
  return committed && !erased && !windowClosed && !decided.includes(generation);
}
