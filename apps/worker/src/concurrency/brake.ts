/**
 * Bounds the cards in hand by what this process keeps up with. When the event loop lags, calls look slow and permits
 * expire before they are used: more cards would make both worse. Pure; it must never stop the flow altogether.
 */
import { MAX_CARDS, MIN_CARDS } from './cards-in-flight.ts';

export interface Brake {
  /** One round: how many of `wanted` cards may be in hand. `lagMs`: how late turns of the event loop are by now. */
  allow(wanted: number, lagMs: number): number;
}

/** A permit lives for 150 ms after its slot: a loop that is this late wastes many of them. */
const LATE_MS = 100;
/** Before anything was seen of this machine. */
const FIRST_CARDS = 32;

export function createBrake(): Brake {
  let most = FIRST_CARDS;
  return {
    allow(wanted, lagMs) {
      // What was in hand is halved, not a bound that was far above it.
      if (lagMs > LATE_MS) most = Math.max(MIN_CARDS, Math.floor(Math.min(most, wanted) / 2));
      else most = Math.min(MAX_CARDS, Math.ceil(most * 1.5));
      return Math.min(wanted, most);
    },
  };
}
