/** Measures what Little's law needs: how long cards are in hand apart from waiting for permits, and what they call. */
import type { Clock } from '@cardseal/core/clock';

export interface FlowMeter {
  /** A call of the card got its permit. */
  permit(card: string, waitedMs: number): void;
  /** The card left the worker's hand, in whatever way. Cards that called nothing say nothing. */
  left(card: string, inHandMs: number): void;
  holdMs(): number;
  /** From the last permit until the card is left. */
  afterPermitMs(): number;
  callsPerCard(): number;
}

/** Until something was measured: a second for the call, as the provider's pages have it. */
const FIRST_HOLD_MS = 1000;
/** The last ten cards weigh two thirds. */
const WEIGHT = 0.1;

export function createFlowMeter(clock: Pick<Clock, 'now'>): FlowMeter {
  const inHand = new Map<string, { calls: number; waitedMs: number; atMs: number }>();
  let holdMs = FIRST_HOLD_MS;
  let afterPermitMs = FIRST_HOLD_MS / 2;
  let callsPerCard = 1;
  return {
    permit(card, waitedMs) {
      const seen = inHand.get(card) ?? { calls: 0, waitedMs: 0, atMs: 0 };
      // Sides wait side by side.
      const longestMs = Math.max(seen.waitedMs, waitedMs);
      inHand.set(card, { calls: seen.calls + 1, waitedMs: longestMs, atMs: clock.now() });
    },
    left(card, inHandMs) {
      const seen = inHand.get(card);
      inHand.delete(card);
      if (!seen) return;
      holdMs += WEIGHT * (Math.max(0, inHandMs - seen.waitedMs) - holdMs);
      afterPermitMs += WEIGHT * (Math.max(0, clock.now() - seen.atMs) - afterPermitMs);
      callsPerCard += WEIGHT * (seen.calls - callsPerCard);
    },
    holdMs: () => holdMs,
    afterPermitMs: () => afterPermitMs,
    callsPerCard: () => callsPerCard,
  };
}
