/**
 * The main thread's side of the event-loop monitor: sends a heartbeat while the event loop turns, and reports its
 * delays.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';

const NANOS_PER_MS = 1e6;

export interface EventLoopMonitor {
  /** The longest delay of the event loop since the last call. */
  worstDelayMs(): number;
}

/**
 * Runs until the process ends, so that it also ends a stop that blocks the event loop. @param stuckAfterMs how long
 * the event loop may hang before the process is ended.
 */
export function startEventLoopMonitor(stuckAfterMs: number): EventLoopMonitor {
  const beats = new SharedArrayBuffer(4);
  const count = new Int32Array(beats);
  const guard = new Worker(new URL('./event-loop-thread.ts', import.meta.url), { workerData: { beats, stuckAfterMs } });
  guard.unref();
  // Without the monitor the worker is no worse off than before.
  guard.on('error', () => {});
  const timer = setInterval(() => Atomics.add(count, 0, 1), Math.min(500, stuckAfterMs / 8));
  timer.unref();
  const delays = monitorEventLoopDelay({ resolution: 20 });
  delays.enable();
  return {
    worstDelayMs() {
      const worst = delays.max / NANOS_PER_MS;
      delays.reset();
      return worst;
    },
  };
}
