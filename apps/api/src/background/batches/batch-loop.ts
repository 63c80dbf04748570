/**
 * Advances every open batch, and sweeps batches that were begun and never committed. It scans only the markers of open
 * batches. Several processes may run it at the same time: repeating a step has no effect.
 */
import { createStallDetector } from '@cardseal/base/clock';
import type { BatchRound } from '@cardseal/core/ledger';
import { describeError } from '@cardseal/core/log';
import type { ApiContext } from '../../context.ts';
import { type Run, seeThrough } from './advance-batch.ts';
import { createUncommittedWatch, nameOf, type UncommittedWatch } from './watch-uncommitted.ts';

const LOOK_EVERY_MS = 2000;
/** An old batch is read less often: after a tenth of the time for which it has been known. */
const WAIT_RATIO = 0.1;
const UNCOMMITTED_AFTER_MS = 10 * 60_000;
/**
 * A day is promised. One more hour covers an upload that is still being sent while another machine's clock is wrong by
 * up to an hour.
 */
const UPLOADS_KEPT_MS = 25 * 3_600_000;
const SWEEP_UPLOADS_EVERY_MS = 3_600_000;

export interface BatchLoop {
  start(): void;
  stop(): Promise<void>;
  /** This process has just accepted a batch. */
  take(round: BatchRound): void;
}

export interface BatchKeeperSettings {
  /** Milliseconds of a monotonic clock. */
  nowMs?: () => number;
  /** How long a round without progress is left unchanged. */
  uncommittedAfterMs?: number;
}

export function createBatchLoop(context: ApiContext, settings: BatchKeeperSettings = {}): BatchLoop {
  const { ledger, clock, log } = context;
  const { nowMs = () => performance.now(), uncommittedAfterMs = UNCOMMITTED_AFTER_MS } = settings;
  const watch = createUncommittedWatch(
    ledger.intake.batches,
    createStallDetector({ forMs: uncommittedAfterMs, nowMs }),
  );
  const busy = new Map<string, Promise<void>>();
  const known = new Map<string, { sinceMs: number; dueMs: number }>();
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let sweptAtMs = 0;

  function see(round: BatchRound, fresh: boolean): void {
    const name = nameOf(round);
    if (stopped || busy.has(name)) return;
    const { sinceMs } = known.get(name) ?? { sinceMs: nowMs() };
    // Also for a batch that fails: otherwise every process would expand a batch with a missing part again every two
    // seconds.
    const rest = () => {
      known.set(name, { sinceMs, dueMs: nowMs() + Math.max(LOOK_EVERY_MS, WAIT_RATIO * (nowMs() - sinceMs)) });
    };
    const work = lookAtRound(context, watch, round, { fresh, stopped: () => stopped })
      .then((open) => void (open ? rest() : known.delete(name)))
      .catch((error) => {
        rest();
        log.warn('batch.postponed', { tenant: round.tenant, ...describeError(error) });
      })
      .finally(() => busy.delete(name));
    busy.set(name, work);
  }

  async function look(): Promise<void> {
    try {
      const open = new Set<string>();
      for await (const round of ledger.intake.batches.open()) {
        open.add(nameOf(round));
        if ((known.get(nameOf(round))?.dueMs ?? 0) <= nowMs()) see(round, false);
      }
      // Forget batches that another process has ended.
      for (const name of known.keys()) if (!open.has(name)) known.delete(name);
      if (clock.now() - sweptAtMs > SWEEP_UPLOADS_EVERY_MS) {
        sweptAtMs = clock.now();
        await ledger.intake.uploads.sweep(clock.now() - UPLOADS_KEPT_MS);
        await ledger.intake.idempotencyCache.sweep();
      }
    } catch (error) {
      log.warn('batch.look_failed', describeError(error));
    }
    if (!stopped) timer = setTimeout(() => void look(), LOOK_EVERY_MS).unref();
  }

  return {
    start: () => void look(),
    take: (round) => see(round, true),
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await Promise.allSettled(busy.values());
    },
  };
}

/** Returns false when the batch needs nothing more. */
export async function lookAtRound(
  context: ApiContext,
  watch: UncommittedWatch,
  round: BatchRound,
  run: Run,
): Promise<boolean> {
  const decided = await context.ledger.intake.batches.decisionOf(round);
  if (decided === null || decided === 'withdrawn') return watch.see(round, decided === 'withdrawn');
  return seeThrough(context, round, decided, run);
}
