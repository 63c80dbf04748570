/**
 * Sees every open batch through: makes its jobs, cancels them if asked, and ends it when all of them have ended. It
 * walks only the markers of open batches. Several processes may do so at once: every step is done once however often.
 */
import { type BatchHead, type BatchId, batchCreatedAtMs } from '@cardseal/core/ledger';
import { describeError } from '@cardseal/core/log';
import { announceNotice } from '@cardseal/core/queue';
import type { ApiContext } from '../context.ts';
import { cancelJob } from '../jobs/index.ts';
import { expandBatch } from './expand.ts';
import { acceptedJobs, countStates, statesOf } from './lines.ts';

const LOOK_EVERY_MS = 2000;
/** An old batch is looked at less often: after a tenth of its age. */
const PATIENCE = 0.1;
/** A marker without a head is an accident of accepting. */
const UNCOMMITTED_AFTER_MS = 10 * 60_000;
/** A day is promised; the hour more is for one that is being sent, while another's clock is wrong by up to that day. */
const UPLOADS_KEPT_MS = 25 * 3_600_000;
const SWEEP_UPLOADS_EVERY_MS = 3_600_000;

export interface BatchKeeper {
  start(): void;
  stop(): Promise<void>;
  /** A batch was accepted here just now. */
  take(tenant: string, id: BatchId): void;
}

export function createBatchKeeper(context: ApiContext): BatchKeeper {
  const { ledger, clock, log } = context;
  const busy = new Map<BatchId, Promise<void>>();
  const dueMs = new Map<BatchId, number>();
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let sweptAtMs = 0;

  function see(tenant: string, id: BatchId, fresh: boolean): void {
    if (stopped || busy.has(id)) return;
    const work = seeThrough(context, tenant, id, { fresh, stopped: () => stopped })
      .then((open) => {
        if (open) dueMs.set(id, clock.now() + Math.max(LOOK_EVERY_MS, PATIENCE * (clock.now() - batchCreatedAtMs(id))));
        else dueMs.delete(id);
      })
      .catch((error) => log.warn('batch.postponed', { tenant, ...describeError(error) }))
      .finally(() => busy.delete(id));
    busy.set(id, work);
  }

  async function look(): Promise<void> {
    try {
      for await (const { tenant, id } of ledger.batches.open()) {
        if ((dueMs.get(id) ?? 0) <= clock.now()) see(tenant, id, false);
      }
      if (clock.now() - sweptAtMs > SWEEP_UPLOADS_EVERY_MS) {
        sweptAtMs = clock.now();
        await ledger.uploads.sweep(clock.now() - UPLOADS_KEPT_MS);
        await ledger.replays.sweep();
      }
    } catch (error) {
      log.warn('batch.look_failed', describeError(error));
    }
    if (!stopped) timer = setTimeout(() => void look(), LOOK_EVERY_MS).unref();
  }

  return {
    start: () => void look(),
    take: (tenant, id) => see(tenant, id, true),
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await Promise.allSettled(busy.values());
    },
  };
}

/** False when there is nothing more to do. */
async function seeThrough(
  context: ApiContext,
  tenant: string,
  id: BatchId,
  run: { fresh: boolean; stopped: () => boolean },
): Promise<boolean> {
  const { ledger, clock } = context;
  const head = await ledger.batches.head(tenant, id);
  if (!head) {
    if (clock.now() - batchCreatedAtMs(id) < UNCOMMITTED_AFTER_MS) return true;
    await ledger.batches.discard(tenant, id);
    await ledger.batches.close(tenant, id);
    return false;
  }
  const before = await ledger.batches.status(tenant, id);
  const expanded = before.expanded || before.end !== null || (await expandBatch(context, tenant, id, head, run));
  if (run.stopped()) return true;
  const { cancelAsked } = await ledger.batches.status(tenant, id);
  if (!expanded && !cancelAsked) return true;
  return endIfDone(context, tenant, id, head, { cancelAsked, expanded });
}

async function endIfDone(
  context: ApiContext,
  tenant: string,
  id: BatchId,
  head: BatchHead,
  { cancelAsked, expanded }: { cancelAsked: boolean; expanded: boolean },
): Promise<boolean> {
  const { ledger, clock, conveyor, log } = context;
  const states = await statesOf(context, tenant, id, acceptedJobs(id, head));
  if (cancelAsked) {
    const open = [...states].filter(([, state]) => state === 'queued');
    for (const [job] of open) await cancelJob(context, tenant, job).catch(() => {});
  }
  const counts = countStates(head, states, expanded ? 'erased' : 'cancelled');
  if (counts.unfinished > 0) return true;
  const state = cancelAsked ? 'cancelled' : 'completed';
  const end = await ledger.batches.end(tenant, id, { state, atMs: clock.now(), counts });
  const data = {
    id,
    state: end.state,
    counts: end.counts,
    created_at: new Date(head.createdAtMs).toISOString(),
    finished_at: new Date(end.atMs).toISOString(),
  };
  await announceNotice(ledger, conveyor, {
    tenant,
    type: 'batch.completed',
    subject: id,
    generation: 1,
    atMs: end.atMs,
    data,
  });
  await ledger.batches.close(tenant, id);
  log.info('batch.ended', { tenant, state: end.state, count: head.lines });
  return false;
}
