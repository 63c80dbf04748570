/**
 * Sees every open batch through, and sweeps up what was begun and never committed. It walks only the markers of open
 * batches. Several processes may do so at once: every step is done once however often.
 */
import { createStallDetector } from '@cardseal/base/clock';
import type { BatchRound } from '@cardseal/core/ledger';
import { describeError } from '@cardseal/core/log';
import type { ApiContext } from '../../context.ts';
import { type Run, seeThrough } from './advance-batch.ts';
import { createUncommittedWatch, nameOf, type UncommittedWatch } from './watch-uncommitted.ts';

const LOOK_EVERY_MS = 2000;
/** What has been known for long is looked at less often: after a tenth of that time. */
const WAIT_RATIO = 0.1;
const UNCOMMITTED_AFTER_MS = 10 * 60_000;
/** A day is promised; the hour more is for one that is being sent, while another's clock is wrong by up to that day. */
const UPLOADS_KEPT_MS = 25 * 3_600_000;
const SWEEP_UPLOADS_EVERY_MS = 3_600_000;

export interface BatchLoop {
  start(): void;
  stop(): Promise<void>;
  /** A batch was accepted here just now. */
  take(round: BatchRound): void;
}

export interface BatchKeeperSettings {
  /** Milliseconds on a clock that only runs on. */
  nowMs?: () => number;
  /** How long a round that nobody works on is left alone. */
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
    // Also for a batch that fails: one with a part that is missing would be expanded again every two seconds, in every process.
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
      // What another process ended leaves nothing here.
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

/** False when there is nothing more to do. */
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
