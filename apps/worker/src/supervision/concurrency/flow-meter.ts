/** Measures what Little's law needs: how long cards are in hand apart from waiting for permits, and what they call. */
import type { Clock } from '@cardseal/base/clock';

export interface FlowMeter {
  /** A call of the card got its permit. */
  permit(card: string, waitedMs: number): void;
  /** The provider answered a call of the card. */
  answered(card: string, latencyMs: number): void;
  /** The card left the worker's hand, in whatever way. Cards that called nothing say nothing. */
  left(card: string, inHandMs: number): void;
  holdMs(): number;
  /** From the last permit until the card is left. */
  afterPermitMs(): number;
  callsPerJob(): number;
}

/** Until something was measured. */
const FIRST_LATENCY_MS = 700;
const FIRST_OWN_MS = 300;
/**
 * Our own part of the time counts up to this. A worker that lacks CPU or a store that is slow would make it longer, and
 * more cards in hand would make it longer still.
 */
const MAX_OWN_MS = 500;
/** The last ten cards weigh two thirds. */
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
      // Sides wait side by side.
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
      // A call that was refused or lost says nothing of the provider's time.
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
