/** Open generations against the queue of cards, both ways. */

import { eraseJob, finishErasure } from '@cardseal/core/erasure';
import { asCardsealError } from '@cardseal/core/errors';
import { ERASURE_GENERATION, type PendingMarker } from '@cardseal/core/ledger';
import { recognizeJobId } from '@cardseal/core/queue';
import type { Examination, Findings } from './examine.ts';
import { queued, stillQueued } from './queued.ts';

export async function examineCards(examination: Examination, findings: Findings): Promise<void> {
  for await (const marker of examination.ledger.markers.pending()) {
    findings.pending++;
    await examineCard(examination, marker, findings).catch((error) => {
      if (asCardsealError(error).disposition !== 'defect') throw error;
      findings.unreadable.push(recognizeJobId(marker.job, marker.generation));
    });
  }
}

async function examineCard(examination: Examination, marker: PendingMarker, findings: Findings): Promise<void> {
  const { ledger, conveyor, fix } = examination;
  const { tenant, job, generation } = marker;
  const id = recognizeJobId(job, generation);
  const state = await conveyor.queues().recognize.getJobState(id);
  if (state === 'failed' || state === 'completed') return void findings.abandoned_cards.push(id);
  if (state !== 'unknown') return;
  const inventory = await ledger.inventory(tenant, job);
  if (!inventory.open.includes(generation)) return;
  if (inventory.erased || generation === ERASURE_GENERATION) {
    findings.orphan_markers.push(id);
    if (fix) await erase(examination, marker, inventory.committed);
    return;
  }
  if (!inventory.committed) return void findings.uncommitted.push(id);
  const request = await (await ledger.openJob(tenant, job))?.request();
  // Withdrawn, or erased in this moment.
  if (!request) return;
  findings.missing_cards.push(id);
  if (!fix) return;
  const { priority, sides } = request;
  await conveyor.addCards([{ tenant, job, generation, priority, calls: sides.length, restored: true }]);
}

/** It was asked for: it is finished, never undone. */
async function erase(examination: Examination, marker: PendingMarker, committed: boolean): Promise<void> {
  const { ledger } = examination;
  const { tenant, job } = marker;
  const tombstone = await ledger.erasures.tombstone(tenant, job);
  if (tombstone) await finishErasure(examination, tenant, job, tombstone);
  else if (committed) await eraseJob(examination, tenant, job, 'request');
  else await ledger.markers.close(marker);
}

export async function examineQueuedCards({ ledger, conveyor, fix }: Examination, findings: Findings): Promise<void> {
  for await (const job of queued(conveyor.queues().recognize)) {
    const { open } = await ledger.inventory(job.data.tenant, job.data.job);
    if (open.includes(job.data.generation) || !(await stillQueued(job))) continue;
    findings.stale_cards.push(job.id!);
    if (fix) await job.remove().catch(() => {});
  }
}
