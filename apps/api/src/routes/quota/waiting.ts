/** Why a queued job waits, and when it will start. Pure: computed from its position and the state of the pool. */
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
  // The job is in the queue: what it waited for before is over.
  const waitingFor = pool ? closedReason(pool) : hint.waitingFor;
  if (!pool) return { waitingFor, startAtMs: null };
  return { waitingFor, startAtMs: callAtMs({ cardClass, ...standing }, pool, nowMs) };
}

function closedReason({ isOpen, isOutage }: PoolState): WaitingFor {
  if (isOpen) return 'worker';
  return isOutage ? 'provider' : 'quota';
}

/** When a waiting job gets its call: after the jobs before it, in the queue and in workers. */
export function callAtMs(standing: Standing & QueueSnapshot, pool: PoolState, nowMs: number): number | null {
  // The state of the pool is a few moments old.
  const openAtMs = pool.openAtMs === null ? null : Math.max(nowMs, pool.openAtMs);
  const flow = { callsPerCard: standing.callsPerCard, callsPerSecond: pool.callsPerSecond, openAtMs };
  const before = jobsBefore(standing) + jobsInFlight(standing.active, pool.afterPermitMs, flow);
  return atLeast(nowMs, startAtMs(before, flow));
}

function atLeast(nowMs: number, atMs: number | null): number | null {
  return atMs === null ? null : Math.max(nowMs, Math.round(atMs));
}
