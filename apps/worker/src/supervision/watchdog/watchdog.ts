/**
 * The watchdog of a worker: logs when memory or the event loop exceed their limits, and asks the process to drain and
 * end when the heap reaches its cap, or when jobs wait and none has moved for too long. The process manager starts it
 * again; the ledger has everything that it held.
 */
import { getHeapStatistics } from 'node:v8';
import type { Clock } from '@cardseal/base/clock';
import type { Log } from '@cardseal/core/log';
import type { EventLoopMonitor } from './event-loop-monitor.ts';

export interface WatchdogParts {
  clock: Pick<Clock, 'sleep'>;
  /** Milliseconds of a monotonic clock: setting the wall clock must end no worker. */
  nowMs?: () => number;
  log: Log;
  eventLoop: Pick<EventLoopMonitor, 'worstDelayMs'>;
  /** Above this size the process drains and ends. */
  heapCapBytes: number;
  stuckAfterMs: number;
  /** Jobs that wait and may be taken; null when unknown, for example while Redis is away. */
  waiting: () => Promise<number | null>;
  /** When this worker last started or ended a job, by `nowMs`. */
  movedAtMs: () => number;
  /** Ends the process in order, as SIGTERM does. */
  end: () => void;
  heapUsedBytes?: () => number;
}

export interface Watchdog {
  start(): void;
  stop(): Promise<void>;
  /** One check; returns the reason to end the process, if there is one. */
  look(): Promise<Ending | null>;
}

type Ending = 'heap_cap' | 'stuck';

const EVERY_MS = 2000;
/** Longer delays of the event loop are logged: it also renews the locks. */
const SLOW_LOOP_MS = 1000;

export function createWatchdog(parts: WatchdogParts): Watchdog {
  const { clock, log, eventLoop, heapCapBytes, stuckAfterMs, waiting, movedAtMs, end } = parts;
  const nowMs = parts.nowMs ?? (() => performance.now());
  const heapUsedBytes = parts.heapUsedBytes ?? (() => getHeapStatistics().used_heap_size);
  const stopped = new AbortController();
  let running: Promise<void> | null = null;
  let idleSinceMs: number | null = null;
  let overSince = 0;

  async function look(): Promise<Ending | null> {
    const delayMs = eventLoop.worstDelayMs();
    if (delayMs > SLOW_LOOP_MS) log.warn('worker.loop_slow', { delay_ms: Math.round(delayMs) });
    const heap = heapUsedBytes();
    overSince = heap > heapCapBytes ? overSince + 1 : 0;
    // Garbage that the next collection frees is no reason: the heap must still be full at the next check.
    if (overSince > 1) return ending('heap_cap', { size_bytes: heap });
    return (await isStuck()) ? ending('stuck', { duration_ms: nowMs() - movedAtMs() }) : null;
  }

  async function isStuck(): Promise<boolean> {
    const count = await waiting().catch(() => null);
    if (count === null || count === 0) {
      idleSinceMs = null;
      return false;
    }
    idleSinceMs ??= nowMs();
    return nowMs() - Math.max(idleSinceMs, movedAtMs()) > stuckAfterMs;
  }

  function ending(why: Ending, fields: { size_bytes?: number; duration_ms?: number }): Ending {
    log.error('worker.gives_up', { reason: why, ...fields });
    return why;
  }

  async function loop(): Promise<void> {
    while (!stopped.signal.aborted) {
      if (await look()) return end();
      await clock.sleep(EVERY_MS, stopped.signal).catch(() => {});
    }
  }

  return {
    look,
    start() {
      running ??= loop();
    },
    async stop() {
      stopped.abort();
      await running;
    },
  };
}
