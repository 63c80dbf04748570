/** How long a card waits, from where it stands and the rate: pure arithmetic, held to 20 % on a steady backlog. */
import type { JobClass } from './shares.ts';
import { RUN_BEFORE_BULK } from './shares.ts';

export interface Standing {
  cardClass: JobClass;
  /** Cards that come before it in the queue as it stands. */
  rank: number;
  interactiveWaiting: number;
  allWaiting: number;
}

/** Cards that will be started before this one, when nothing else is submitted: the floor mixes the classes. */
export function jobsBefore({ cardClass, rank, interactiveWaiting, allWaiting }: Standing): number {
  if (cardClass === 'interactive') {
    const bulkWaiting = Math.max(0, allWaiting - interactiveWaiting);
    return rank + Math.min(bulkWaiting, Math.floor(rank / RUN_BEFORE_BULK));
  }
  const bulkBefore = Math.max(0, rank - interactiveWaiting);
  return Math.min(rank, (bulkBefore + 1) * (RUN_BEFORE_BULK + 1) - 1);
}

/** Cards that are in workers' hands and have not called yet: all but those that have, by rate × time. */
export function jobsInFlight(active: number, afterPermitMs: number, { callsPerCard, callsPerSecond }: Flow): number {
  return Math.max(0, active - (callsPerSecond / callsPerCard) * (afterPermitMs / 1000));
}

export interface Flow {
  callsPerCard: number;
  /** Of all open credentials together. */
  callsPerSecond: number;
  /** Epoch milliseconds at which calls may go out: now, or when a gate opens. null when only a person can say. */
  openAtMs: number | null;
}

/** Epoch milliseconds; null when nobody can know. */
export function startAtMs(before: number, { callsPerCard, callsPerSecond, openAtMs }: Flow): number | null {
  if (openAtMs === null || callsPerSecond <= 0) return null;
  return openAtMs + (before * callsPerCard * 1000) / callsPerSecond;
}
