/** How late the turns of this process' event loop are, beside the keeper's look at the single worst one. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 20;
const NANOS_PER_MS = 1e6;

/**
 * Starts to watch; what is returned gives the lag in milliseconds since it was last asked. Three quarters of the looks
 * were no later, so that a single collection of garbage does not count.
 */
export function watchLoopLag(): () => number {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  return () => {
    const lagMs = delays.count === 0 ? 0 : delays.percentile(75) / NANOS_PER_MS - RESOLUTION_MS;
    delays.reset();
    return Math.max(0, lagMs);
  };
}
