/** The lag of this process's event loop; the watchdog also measures the single longest delay. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 20;
const NANOS_PER_MS = 1e6;

/**
 * Starts to measure. The returned function gives the lag in milliseconds since its last call: the 75th percentile, so
 * that a single garbage collection does not count.
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
