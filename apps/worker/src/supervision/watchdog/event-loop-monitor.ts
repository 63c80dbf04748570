/** The main thread's side of its guard: beats as long as the event loop turns, and says how late its turns are. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';

const NANOS_PER_MS = 1e6;

export interface EventLoopMonitor {
  /** The longest delay of the event loop since the last look. */
  worstDelayMs(): number;
}

/** It goes on until the process ends: a stop that blocks the event loop is ended by it, too. @param stuckAfterMs how long the event loop may stand still before the process is ended. */
export function startEventLoopMonitor(stuckAfterMs: number): EventLoopMonitor {
  const beats = new SharedArrayBuffer(4);
  const count = new Int32Array(beats);
  const guard = new Worker(new URL('./event-loop-thread.ts', import.meta.url), { workerData: { beats, stuckAfterMs } });
  guard.unref();
  // Without a guard the worker is no worse off than before.
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
