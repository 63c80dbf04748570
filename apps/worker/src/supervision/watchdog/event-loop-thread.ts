/**
 * A second thread that ends the process when the main thread has sent no heartbeat for too long: then no signal
 * handler and no timer of the main thread can run any more. Another worker takes over its jobs.
 */
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

const { beats, stuckAfterMs } = workerData as { beats: SharedArrayBuffer; stuckAfterMs: number };
const count = new Int32Array(beats);
const STDERR = 2;
const EVERY_MS = Math.min(1000, stuckAfterMs / 4);

let last = Atomics.load(count, 0);
let sinceMs = performance.now();
let lookedMs = sinceMs;
setInterval(() => {
  const now = Atomics.load(count, 0);
  // A process that was stopped as a whole wakes with both threads late: only time in which this thread ran counts.
  if (now !== last || performance.now() - lookedMs > EVERY_MS * 3) sinceMs = performance.now();
  last = now;
  lookedMs = performance.now();
  if (lookedMs - sinceMs < stuckAfterMs) return;
  // The thread's own stderr goes through the main thread, which hangs.
  writeSync(
    STDERR,
    `${JSON.stringify({ level: 'fatal', role: 'worker', pid: process.pid, event: 'worker.blocked' })}\n`,
  );
  process.kill(process.pid, 'SIGKILL');
}, EVERY_MS);
