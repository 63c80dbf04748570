/**
 * How many jobs a worker keeps in flight: rate × time (Little's law) and a little more, so that a call is always ready
 * for its permit. The others wait in the queue, where they hold no image in memory. Pure.
 */

export interface FlowFacts {
  /** The sum over all open credentials. */
  callsPerSecond: number;
  /** The workers that share them. */
  workers: number;
  callsPerJob: number;
  /** How long a job is in flight, without the wait for its permit. */
  holdMs: number;
}

export const MIN_JOBS = 2;
/** Images in flight cost memory: up to four megabytes each. */
export const MAX_JOBS = 256;

/**
 * The spread of the number in flight grows with its square root; this many square roots more than the mean are kept
 * ready.
 */
const SPARE_ROOTS = 1.5;

export function jobsInFlight({ callsPerSecond, workers, callsPerJob, holdMs }: FlowFacts): number {
  const jobsPerSecond = callsPerSecond / Math.max(1, workers) / Math.max(1, callsPerJob);
  const mean = (jobsPerSecond * holdMs) / 1000;
  const wanted = Math.ceil(mean + SPARE_ROOTS * Math.sqrt(mean) + 1);
  return Math.min(MAX_JOBS, Math.max(MIN_JOBS, wanted));
}
