/** How long a job waits, from its position and the rate. Pure arithmetic, within 20 % on a steady backlog. */
import type { JobClass } from './shares.ts';
import { RUN_BEFORE_BULK } from './shares.ts';

export interface Standing {
  cardClass: JobClass;
  /** Jobs ahead of it in the queue as it is now. */
  rank: number;
  interactiveWaiting: number;
  allWaiting: number;
}

/**
 * Jobs that start before this one if nothing else is submitted: the guaranteed share of bulk jobs mixes the classes.
 */
export function jobsBefore({ cardClass, rank, interactiveWaiting, allWaiting }: Standing): number {
  if (cardClass === 'interactive') {
    const bulkWaiting = Math.max(0, allWaiting - interactiveWaiting);
    return rank + Math.min(bulkWaiting, Math.floor(rank / RUN_BEFORE_BULK));
  }
  const bulkBefore = Math.max(0, rank - interactiveWaiting);
  return Math.min(rank, (bulkBefore + 1) * (RUN_BEFORE_BULK + 1) - 1);
}

/** Jobs that workers have taken and not called for yet: without the jobs whose calls, by rate × time, are done. */
export function jobsInFlight(active: number, afterPermitMs: number, { callsPerCard, callsPerSecond }: Flow): number {
  return Math.max(0, active - (callsPerSecond / callsPerCard) * (afterPermitMs / 1000));
}

export interface Flow {
  callsPerCard: number;
  /** The sum over all open credentials. */
  callsPerSecond: number;
  /** When calls may start, epoch milliseconds: now, or when a gate opens. null when only an operator can open it. */
  openAtMs: number | null;
}

/** Epoch milliseconds; null when it cannot be known. */
export function startAtMs(before: number, { callsPerCard, callsPerSecond, openAtMs }: Flow): number | null {
  if (openAtMs === null || callsPerSecond <= 0) return null;
  return openAtMs + (before * callsPerCard * 1000) / callsPerSecond;
}
