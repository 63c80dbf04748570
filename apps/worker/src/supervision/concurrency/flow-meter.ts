/**
 * Measures what Little's law needs: how long jobs are in flight without the wait for permits, and how many calls they
 * make.
 */
import type { Clock } from '@cardseal/base/clock';

export interface FlowMeter {
  /** A call of the job got its permit. */
  permit(card: string, waitedMs: number): void;
  /** The provider responded to a call of the job. */
  answered(card: string, latencyMs: number): void;
  /** The job left the worker in any way. Jobs without a call are not counted. */
  left(card: string, inHandMs: number): void;
  holdMs(): number;
  /** From the last permit until the job leaves. */
  afterPermitMs(): number;
  callsPerJob(): number;
}

/** Used until something was measured. */
const FIRST_LATENCY_MS = 700;
const FIRST_OWN_MS = 300;
/**
 * The share of the time that this worker itself causes counts up to this limit. A worker without enough CPU or a slow
 * store would make it longer, and more jobs in flight would make it even longer.
 */
const MAX_OWN_MS = 500;
/** The last ten jobs have a weight of two thirds. */
const WEIGHT = 0.1;

export function createFlowMeter(clock: Pick<Clock, 'now'>): FlowMeter {
  const inHand = new Map<string, { calls: number; waitedMs: number; latencyMs: number; atMs: number }>();
  let latencyMs = FIRST_LATENCY_MS;
  let ownMs = FIRST_OWN_MS;
  let afterPermitMs = FIRST_LATENCY_MS;
  let callsPerJob = 1;
  return {
    permit(card, waitedMs) {
      const seen = inHand.get(card) ?? { calls: 0, waitedMs: 0, latencyMs: 0, atMs: 0 };
      // Sides wait in parallel.
      const longestMs = Math.max(seen.waitedMs, waitedMs);
      inHand.set(card, { ...seen, calls: seen.calls + 1, waitedMs: longestMs, atMs: clock.now() });
    },
    answered(card, tookMs) {
      const seen = inHand.get(card);
      if (seen) seen.latencyMs = Math.max(seen.latencyMs, tookMs);
    },
    left(card, inHandMs) {
      const seen = inHand.get(card);
      inHand.delete(card);
      if (!seen) return;
      // A refused or lost call says nothing about the provider's latency.
      if (seen.latencyMs > 0) latencyMs += WEIGHT * (seen.latencyMs - latencyMs);
      ownMs += WEIGHT * (Math.max(0, inHandMs - seen.waitedMs - seen.latencyMs) - ownMs);
      afterPermitMs += WEIGHT * (Math.max(0, clock.now() - seen.atMs) - afterPermitMs);
      callsPerJob += WEIGHT * (seen.calls - callsPerJob);
    },
    holdMs: () => latencyMs + Math.min(MAX_OWN_MS, ownMs),
    afterPermitMs: () => afterPermitMs,
    callsPerJob: () => callsPerJob,
  };
}
