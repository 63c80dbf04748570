/** The state of the upstream quota, and the wait of one more job. The response names no credential. */
import type { JobClass, QueueSnapshot } from '@cardseal/core/queue';
import type { ApiContext } from '../../context.ts';
import type { LimitedKey, LimitView } from '../../http/limits/index.ts';
import type { PoolState } from './pool-watch.ts';
import type { QuotaView } from './schema.ts';
import { callAtMs } from './waiting.ts';

export async function readQuota(context: ApiContext, caller: LimitedKey): Promise<QuotaView> {
  const { jobQueue, pool, weightOf, limits } = context;
  const { tenant } = caller;
  const [weight, state, look, caps] = await Promise.all([
    weightOf(tenant),
    pool.state(),
    jobQueue.shares.look().catch(() => null),
    limits.view(caller),
  ]);
  const wait = (cardClass: JobClass) => estimate(context, { cardClass, tenant, weight, state, look });
  const [interactive, bulk] = await Promise.all([wait('interactive'), wait('bulk')]);
  return {
    gate: gateOf(state),
    rate: state && rateOf(state),
    allowance: state && allowanceOf(state),
    backlog: look && {
      interactive: look.interactiveWaiting,
      bulk: look.allWaiting - look.interactiveWaiting,
      in_progress: look.active,
    },
    estimated_wait_s: { interactive, bulk },
    weight,
    limits: { key: limitOf(caps.key), tenant: limitOf(caps.tenant) },
  };
}

function limitOf({ requestsPerSecond, cardsPerDay, cardsLeftToday }: LimitView): QuotaView['limits']['key'] {
  return { requests_per_second: requestsPerSecond, cards_per_day: cardsPerDay, cards_left_today: cardsLeftToday };
}

async function estimate(
  { jobQueue, clock }: ApiContext,
  asked: { cardClass: JobClass; tenant: string; weight: number; state: PoolState | null; look: QueueSnapshot | null },
): Promise<number | null> {
  const { cardClass, tenant, weight, state, look } = asked;
  if (!state || !look) return null;
  const rank = await jobQueue.shares.before(cardClass, tenant, weight).catch(() => null);
  if (rank === null) return null;
  const atMs = callAtMs({ ...look, cardClass, rank }, state, clock.now());
  return atMs === null ? null : Math.max(0, Math.round((atMs - clock.now()) / 100) / 10);
}

function gateOf(state: PoolState | null): QuotaView['gate'] {
  if (!state) return { state: 'unknown', reason: null, until: null };
  if (state.isOpen) return { state: 'open', reason: null, until: null };
  const reason = state.credentials.find(({ gate }) => gate.reason !== undefined)?.gate.reason ?? null;
  return {
    state: 'closed',
    reason,
    until: state.openAtMs === null ? null : new Date(state.openAtMs).toISOString(),
  };
}

function rateOf({ callsPerSecond, credentials }: PoolState): QuotaView['rate'] {
  return {
    calls_per_second: Math.round(callsPerSecond * 100) / 100,
    nominal_calls_per_second: sum(credentials.map(({ nominalQps }) => nominalQps)),
    refused_last_minute: sum(credentials.map(({ refusedLastMinute }) => refusedLastMinute)),
  };
}

function allowanceOf({ credentials }: PoolState): QuotaView['allowance'] {
  const left = credentials.map(({ daily, usedToday }) => (daily === undefined ? null : Math.max(0, daily - usedToday)));
  return {
    used_today: sum(credentials.map(({ usedToday }) => usedToday)),
    left_today: left.includes(null) ? null : sum(left as number[]),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
