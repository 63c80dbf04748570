/**
 * A thread beside the worker's own: when the main thread has not beaten for too long, nothing in it can help any more,
 * no signal handler and no timer, and the process is ended from here. Its work is taken up by another.
 */
import { parentPort, workerData } from 'node:worker_threads';

const { beats, stuckAfterMs } = workerData as { beats: SharedArrayBuffer; stuckAfterMs: number };
const count = new Int32Array(beats);
const EVERY_MS = Math.min(1000, stuckAfterMs / 4);

let last = Atomics.load(count, 0);
let sinceMs = performance.now();
setInterval(() => {
  const now = Atomics.load(count, 0);
  // A process that was stopped as a whole wakes with both threads late: only time in which this one ran counts.
  if (now !== last || performance.now() - lookedMs > EVERY_MS * 3) sinceMs = performance.now();
  last = now;
  lookedMs = performance.now();
  if (lookedMs - sinceMs < stuckAfterMs) return;
  process.stderr.write(
    `${JSON.stringify({ level: 'fatal', role: 'worker', pid: process.pid, event: 'worker.blocked' })}\n`,
  );
  process.kill(process.pid, 'SIGKILL');
}, EVERY_MS);
let lookedMs = performance.now();
parentPort?.unref();
