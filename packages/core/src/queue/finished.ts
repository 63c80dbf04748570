/** Tells those who wait for a job that it ended: one subscription per process, whatever the number of waiters. */
import type { Redis } from 'ioredis';
import { finishedChannel } from './names.ts';

export interface FinishedEvents {
  /** Resolves true when the job is announced, false after `timeoutMs` or abort. Subscribe first, then read. */
  next(job: string, timeoutMs: number, signal?: AbortSignal): { arrived: Promise<boolean>; cancel(): void };
  /** False while nothing can be announced to this process. */
  connected(): boolean;
  start(): void;
  stop(): void;
}

export function createFinishedEvents(subscriber: Redis, prefix: string): FinishedEvents {
  const waiting = new Map<string, Set<() => void>>();
  const channel = finishedChannel(prefix);

  function onMessage(_channel: string, job: string): void {
    for (const wake of waiting.get(job) ?? []) wake();
  }

  return {
    next(job, timeoutMs, signal) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const wake = () => settle(true);
      const giveUp = () => settle(false);
      const timer = setTimeout(giveUp, timeoutMs);
      const wakers = waiting.get(job) ?? new Set();
      waiting.set(job, wakers.add(wake));
      signal?.addEventListener('abort', giveUp, { once: true });
      function settle(arrived: boolean): void {
        clearTimeout(timer);
        signal?.removeEventListener('abort', giveUp);
        wakers.delete(wake);
        if (wakers.size === 0 && waiting.get(job) === wakers) waiting.delete(job);
        resolve(arrived);
      }
      return { arrived: promise, cancel: giveUp };
    },
    connected: () => subscriber.status === 'ready',
    start() {
      subscriber.on('message', onMessage);
      // Not awaited: the API must start, and accept, while Redis is away. ioredis subscribes on connecting.
      subscriber.subscribe(channel).catch(() => {});
    },
    stop() {
      for (const wakers of waiting.values()) for (const wake of wakers) wake();
      subscriber.off('message', onMessage);
      subscriber.disconnect();
    },
  };
}
