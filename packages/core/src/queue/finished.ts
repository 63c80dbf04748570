/**
 * Notifies callers that wait for the end of a job: one subscription per process, whatever the number of callers. After
 * a gap in the subscription every caller is woken once and reads the ledger for what it missed.
 */
import type { Redis } from 'ioredis';
import { whenListening } from './listening.ts';
import { finishedChannel } from './names.ts';

export interface FinishedEvents {
  /**
   * Resolves true when the job is announced, or may have been announced during a gap; false after `timeoutMs` or
   * abort. Subscribe first, then read.
   */
  next(job: string, timeoutMs: number, signal?: AbortSignal): { arrived: Promise<boolean>; cancel(): void };
  /** False while this process cannot receive announcements. */
  connected(): boolean;
  /** The number of current callers. */
  waiting(): number;
  start(): void;
  stop(): void;
}

export function createFinishedEvents(subscriber: Redis, prefix: string): FinishedEvents {
  const waiting = new Map<string, Set<() => void>>();
  let count = 0;
  let stopListening = () => {};
  const channel = finishedChannel(prefix);

  function onMessage(from: string, job: string): void {
    if (from === channel) for (const wake of waiting.get(job) ?? []) wake();
  }

  function wakeAll(): void {
    for (const wakers of waiting.values()) for (const wake of wakers) wake();
  }

  return {
    next(job, timeoutMs, signal) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const wake = () => settle(true);
      const giveUp = () => settle(false);
      const timer = setTimeout(giveUp, timeoutMs);
      const wakers = waiting.get(job) ?? new Set();
      waiting.set(job, wakers.add(wake));
      count++;
      signal?.addEventListener('abort', giveUp, { once: true });
      function settle(arrived: boolean): void {
        clearTimeout(timer);
        signal?.removeEventListener('abort', giveUp);
        if (wakers.delete(wake)) count--;
        if (wakers.size === 0 && waiting.get(job) === wakers) waiting.delete(job);
        resolve(arrived);
      }
      return { arrived: promise, cancel: giveUp };
    },
    connected: () => subscriber.status === 'ready',
    waiting: () => count,
    start() {
      subscriber.on('message', onMessage);
      // Not awaited: the API must start, and accept jobs, while Redis is away.
      stopListening = whenListening(subscriber, channel, wakeAll);
    },
    stop() {
      wakeAll();
      stopListening();
      subscriber.off('message', onMessage);
      subscriber.disconnect();
    },
  };
}
