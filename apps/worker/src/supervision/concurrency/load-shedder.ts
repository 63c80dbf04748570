/**
 * Bounds the cards in hand by what this process keeps up with. When the event loop lags, calls look slow and permits
 * expire before they are used: more cards would make both worse. Pure; it must never stop the flow altogether.
 */
import { MAX_JOBS, MIN_JOBS } from './jobs-in-flight.ts';

export interface LoadShedder {
  /** One round: how many of `wanted` cards may be in hand. `lagMs`: how late turns of the event loop are by now. */
  allow(wanted: number, lagMs: number): number;
  /** A gate has opened: nothing is known of what this machine can carry by now, and calls come before a crowd of pictures. */
  reset(): void;
}

/** A permit lives for 150 ms after its slot: a loop that is this late wastes many of them. */
const LATE_MS = 100;
/** Enough for dozens of calls a second; their pictures are made ready in a fraction of one. */
const FIRST_JOBS = 16;

export function createLoadShedder(): LoadShedder {
  let most = FIRST_JOBS;
  /** Before the first round, or doubling until the first lag, or feeling the way. */
  let pace: 'first' | 'doubling' | 'careful' = 'first';
  return {
    allow(wanted, lagMs) {
      // What was in hand is halved, not a bound that was far above it.
      if (lagMs > LATE_MS) {
        most = Math.max(MIN_JOBS, Math.floor(Math.min(most, wanted) / 2));
        pace = 'careful';
      } else if (pace === 'first') {
        pace = 'doubling';
      } else {
        most = Math.min(MAX_JOBS, Math.ceil(most * (pace === 'doubling' ? 2 : 1.5)));
      }
      return Math.min(wanted, most);
    },
    reset() {
      most = Math.min(most, FIRST_JOBS);
      pace = 'first';
    },
  };
}
