/** Why a queued card waits, and when it will be started: pure, from where it stands and what the pool allows. */
import type { WaitingFor } from '@cardseal/core/job';
import { cardsBefore, type LiveHint, startAtMs } from '@cardseal/core/queue';
import type { PoolState } from './pool-watch.ts';

export interface Waiting {
  waitingFor: WaitingFor | null;
  startAtMs: number | null;
}

export function waitingOf(hint: LiveHint, pool: PoolState | null, nowMs: number): Waiting {
  if (hint.active) return { waitingFor: null, startAtMs: null };
  const { standing, cardClass } = hint;
  if (standing.rank < 0) return { waitingFor: hint.waitingFor, startAtMs: atLeast(nowMs, standing.dueAtMs || null) };
  // In line: what it waited for before is over.
  const waitingFor = pool?.isOpen === false ? 'quota' : pool ? 'worker' : hint.waitingFor;
  if (!pool) return { waitingFor, startAtMs: null };
  const before = cardsBefore({ cardClass, ...standing });
  return { waitingFor, startAtMs: atLeast(nowMs, startAtMs(before, { ...pool, ...standing })) };
}

function atLeast(nowMs: number, atMs: number | null): number | null {
  return atMs === null ? null : Math.max(nowMs, Math.round(atMs));
}
