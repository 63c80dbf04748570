/** Why a queued card waits, and when it will be started: pure, from where it stands and what the pool allows. */
import type { WaitingFor } from '@cardseal/core/job';
import {
  jobsBefore,
  jobsInFlight,
  type LiveHint,
  type QueueSnapshot,
  type Standing,
  startAtMs,
} from '@cardseal/core/queue';
import type { PoolState } from './pool-watch.ts';

export interface Waiting {
  waitingFor: WaitingFor | null;
  startAtMs: number | null;
}

export function waitingOf(hint: LiveHint, pool: PoolState | null, nowMs: number): Waiting {
  if (hint.active) return { waitingFor: null, startAtMs: null };
  const { standing, cardClass } = hint;
  // Whatever a job waited for before, during an outage it waits for the provider.
  if (standing.rank < 0) {
    const waitingFor = pool?.isOutage ? 'provider' : hint.waitingFor;
    const dueAtMs = Math.max(standing.dueAtMs, pool?.isOutage ? (pool.openAtMs ?? 0) : 0);
    return { waitingFor, startAtMs: atLeast(nowMs, dueAtMs || null) };
  }
  // In line: what it waited for before is over.
  const waitingFor = pool ? closedReason(pool) : hint.waitingFor;
  if (!pool) return { waitingFor, startAtMs: null };
  return { waitingFor, startAtMs: callAtMs({ cardClass, ...standing }, pool, nowMs) };
}

function closedReason({ isOpen, isOutage }: PoolState): WaitingFor {
  if (isOpen) return 'worker';
  return isOutage ? 'provider' : 'quota';
}

/** When a card in line gets its call: after those before it, in line and in hand. */
export function callAtMs(standing: Standing & QueueSnapshot, pool: PoolState, nowMs: number): number | null {
  // The pool was looked at some moments ago.
  const openAtMs = pool.openAtMs === null ? null : Math.max(nowMs, pool.openAtMs);
  const flow = { callsPerCard: standing.callsPerCard, callsPerSecond: pool.callsPerSecond, openAtMs };
  const before = jobsBefore(standing) + jobsInFlight(standing.active, pool.afterPermitMs, flow);
  return atLeast(nowMs, startAtMs(before, flow));
}

function atLeast(nowMs: number, atMs: number | null): number | null {
  return atMs === null ? null : Math.max(nowMs, Math.round(atMs));
}
