/**
 * Keeps a worker honest about its own state: says when memory or the event loop leave their limits, and asks the
 * process to drain and end when the heap reaches its cap or when cards wait and none has moved for too long.
 * Whoever started the process starts it again; the ledger has all that it held.
 */
import { getHeapStatistics } from 'node:v8';
import type { Clock } from '@cardseal/base/clock';
import type { Log } from '@cardseal/core/log';
import type { EventLoopMonitor } from './event-loop-monitor.ts';

export interface WatchdogParts {
  clock: Pick<Clock, 'sleep'>;
  /** Milliseconds on a clock that only runs on: one that is set must end no worker. */
  nowMs?: () => number;
  log: Log;
  eventLoop: Pick<EventLoopMonitor, 'worstDelayMs'>;
  /** Above this the process drains and ends. */
  heapCapBytes: number;
  stuckAfterMs: number;
  /** Cards that wait and may be taken; null when nobody can say, as while Redis is away. */
  waiting: () => Promise<number | null>;
  /** When a card was last started or ended here, by `nowMs`. */
  movedAtMs: () => number;
  /** Asks the process to end as an operator would. */
  end: () => void;
  heapUsedBytes?: () => number;
}

export interface Watchdog {
  start(): void;
  stop(): Promise<void>;
  /** One look; returns why the process is to end, if it is. */
  look(): Promise<Ending | null>;
}

type Ending = 'heap_cap' | 'stuck';

const EVERY_MS = 2000;
/** Longer turns of the event loop are said: locks are renewed by it. */
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
    // Garbage that the next collection takes is no reason: it must still be there at the next look.
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
