/**
 * Advances one committed batch by a step: creates its jobs, cancels them if requested, and ends the batch when all
 * jobs have ended.
 */
import type { BatchHead, BatchRound } from '@cardseal/core/ledger';
import { cancelJob, sendNotice } from '@cardseal/core/use-cases';
import { type ApiContext, cancelParts } from '../../context.ts';
import { acceptedJobs, countStates, statesOf } from '../../routes/batches/lines.ts';
import { expandBatch } from './expand.ts';

export interface Run {
  /** No other process can have begun to expand the batch. */
  fresh: boolean;
  stopped: () => boolean;
}

/** Returns false when the batch needs nothing more. */
export async function seeThrough(context: ApiContext, round: BatchRound, head: BatchHead, run: Run): Promise<boolean> {
  const { batches } = context.ledger.intake;
  const { tenant, id } = round;
  const before = await batches.status(tenant, id);
  const expanded = before.expanded || before.end !== null || (await expandBatch(context, round, head, run));
  if (run.stopped()) return true;
  const { cancelAsked, chunks } = await batches.status(tenant, id);
  if (!expanded && !cancelAsked) return true;
  // No process needs a line any more: every line has its job, or never gets one.
  if (chunks > 0) await batches.dropLines(round);
  return endIfDone(context, round, head, { cancelAsked, expanded });
}

async function endIfDone(
  context: ApiContext,
  round: BatchRound,
  head: BatchHead,
  { cancelAsked, expanded }: { cancelAsked: boolean; expanded: boolean },
): Promise<boolean> {
  const { ledger, clock, jobQueue, log } = context;
  const { tenant, id } = round;
  const states = await statesOf(context, tenant, id, acceptedJobs(id, head));
  if (cancelAsked) {
    const open = [...states].filter(([, state]) => state === 'queued');
    for (const [job] of open) await cancelJob(cancelParts(context), tenant, job).catch(() => {});
  }
  const counts = countStates(head, states, expanded ? 'erased' : 'cancelled');
  if (counts.unfinished > 0) return true;
  const state = cancelAsked ? 'cancelled' : 'completed';
  const end = await ledger.intake.batches.end(tenant, id, { state, atMs: clock.now(), counts });
  const data = {
    id,
    state: end.state,
    counts: end.counts,
    created_at: new Date(head.createdAtMs).toISOString(),
    finished_at: new Date(end.atMs).toISOString(),
  };
  await sendNotice(
    { ledger, jobQueue },
    {
      tenant,
      type: 'batch.completed',
      subject: id,
      generation: 1,
      atMs: end.atMs,
      data,
    },
  );
  await ledger.intake.batches.close(round);
  log.info('batch.ended', { tenant, state: end.state, count: head.lines });
  return false;
}
