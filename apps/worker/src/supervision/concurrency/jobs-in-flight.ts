/**
 * How many cards a worker keeps in hand: what rate × time needs (Little's law) and a little more, so that a call is
 * always ready when its permit comes; the rest waits in the queue, where it holds no picture. Pure.
 */

export interface FlowFacts {
  /** Of all open credentials together. */
  callsPerSecond: number;
  /** Workers that share them. */
  workers: number;
  callsPerJob: number;
  /** How long a card is in hand, the wait for its permit left out. */
  holdMs: number;
}

export const MIN_JOBS = 2;
/** Pictures in hand cost memory: four megabytes each at worst. */
export const MAX_JOBS = 256;

/** The spread of what is in flight grows with its root; so many roots more than the mean are kept ready. */
const SPARE_ROOTS = 1.5;

export function jobsInFlight({ callsPerSecond, workers, callsPerJob, holdMs }: FlowFacts): number {
  const jobsPerSecond = callsPerSecond / Math.max(1, workers) / Math.max(1, callsPerJob);
  const mean = (jobsPerSecond * holdMs) / 1000;
  const wanted = Math.ceil(mean + SPARE_ROOTS * Math.sqrt(mean) + 1);
  return Math.min(MAX_JOBS, Math.max(MIN_JOBS, wanted));
}
