/**
 * Limits the jobs in flight to what this process can handle. When the event loop lags, calls look slow and permits
 * expire before they are used: more jobs would make both worse. Pure. It must never stop the intake completely.
 */
import { MAX_JOBS, MIN_JOBS } from './jobs-in-flight.ts';

export interface LoadShedder {
  /** One round: how many of `wanted` jobs may be in flight. `lagMs`: the current lag of the event loop. */
  allow(wanted: number, lagMs: number): number;
  /** Reset after a gate opens: capacity is unknown, and calls must not queue behind image decoding. */
  reset(): void;
}

/** A permit is valid for 150 ms after its slot: with this lag many are wasted. */
const LATE_MS = 100;
/** Enough for dozens of calls per second; their images are prepared in a fraction of a second. */
const FIRST_JOBS = 16;

export function createLoadShedder(): LoadShedder {
  let most = FIRST_JOBS;
  /** Before the first round, or doubling until the first lag, or increasing slowly. */
  let pace: 'first' | 'doubling' | 'careful' = 'first';
  return {
    allow(wanted, lagMs) {
      // Halves the number in flight, not a limit that was far above it.
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
