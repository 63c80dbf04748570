/**
 * The concurrency limit per endpoint: a slow or dead receiver delays no other endpoint. A delivery asks for a slot
 * before it is sent. If there is none, or the endpoint is held or paused, it waits in a queue until another delivery
 * promotes it. All of this is in Redis and may be lost: limits start afresh, holds come back from the delivery
 * records, and every waiting delivery also wakes after a timeout.
 */

import { TransientError } from '@cardseal/base/errors';
import { loadLua } from '@cardseal/base/lua';
import type { Cluster, Redis } from 'ioredis';
import {
  type EndpointOutcome,
  FIRST_PAUSE_MS,
  FORGET_AFTER_MS,
  LEASE_MS,
  LONGEST_PAUSE_MS,
  MAX_CAP,
  PROBE_AFTER,
  SLOW_GROWTH,
  START_CAP,
} from './endpoint-limit-rules.ts';

export interface LimitedEndpoint {
  tenant: string;
  endpoint: string;
}

interface AcquireInput {
  /** Id of the BullMQ job. */
  id: string;
  /** A retry or a resend: it must not take the slots that are reserved for first attempts. */
  late: boolean;
  /** Whether this process has a free slot for late deliveries. */
  lateRoom: boolean;
  /** Most starts per second; null for no limit. */
  rate: number | null;
  nowMs: number;
}

/** `wake`: ids that may run instead of this one; `atMs` 0 for at once. */
type Admission = { wake: Promotion | null } & (
  | { verdict: 'go'; late: boolean }
  | { verdict: 'until'; atMs: number }
  /** Another delivery will promote it; `place` is the number of deliveries ahead of it. */
  | { verdict: 'wait'; place: number }
);

export interface Promotion {
  ids: string[];
  atMs: number;
}

export interface ReleaseInput {
  id: string;
  outcome: EndpointOutcome;
  /** `Retry-After`: no attempt before this time, and none is spent. */
  heldUntilMs?: number;
  /** It ran in a slot for late deliveries, which may be passed on. */
  late: boolean;
  rate: number | null;
  nowMs: number;
}

export interface EndpointLimitState {
  /** Consecutive failures, and since when. */
  streak: number;
  firstFailureMs: number | null;
  pausedUntilMs: number | null;
  heldUntilMs: number | null;
}

/**
 * Every call throws TransientError `queue_unavailable` when Redis does not respond; Redis may have executed the
 * command.
 */
export interface EndpointLimits {
  acquire(lane: LimitedEndpoint, input: AcquireInput): Promise<Admission>;
  release(lane: LimitedEndpoint, input: ReleaseInput): Promise<{ state: EndpointLimitState; wake: Promotion[] }>;
  /** Returns false when the delivery was promoted before it slept: then it must wake itself. */
  stillWaits(lane: LimitedEndpoint, id: string): Promise<boolean>;
  hold(lane: LimitedEndpoint, untilMs: number): Promise<void>;
  read(lane: LimitedEndpoint): Promise<EndpointLimitState>;
}

const LIMITS = {
  firstPauseMs: FIRST_PAUSE_MS,
  forgetAfterMs: FORGET_AFTER_MS,
  leaseMs: LEASE_MS,
  longestPauseMs: LONGEST_PAUSE_MS,
  maxCap: MAX_CAP,
  probeAfter: PROBE_AFTER,
  slowGrowth: SLOW_GROWTH,
  startCap: START_CAP,
};

/** Sent by hash, not by text: each delivery runs two of them. */
const SCRIPTS = {
  cardsealLaneAcquire: 'endpoint-acquire',
  cardsealLaneRelease: 'endpoint-release',
  cardsealLaneWaits: 'endpoint-waits',
  cardsealLaneHold: 'endpoint-hold',
} as const;

type Scripted = Record<keyof typeof SCRIPTS, (...args: (string | number)[]) => Promise<unknown>>;

export function createEndpointLimits(redis: Redis | Cluster, prefix: string): EndpointLimits {
  for (const [name, file] of Object.entries(SCRIPTS)) {
    const lua = loadLua(new URL(`lua/${file}.lua`, import.meta.url), { limits: LIMITS });
    redis.defineCommand(name, { numberOfKeys: 4, lua });
  }
  const scripted = redis as unknown as Scripted;
  const keys = ({ tenant, endpoint }: LimitedEndpoint) => {
    const name = `${prefix}:lane:${tenant}:${endpoint}`;
    return [name, `${name}:running`, `${name}:waiting`, `${prefix}:lane-late`];
  };
  const run = (script: keyof typeof SCRIPTS, lane: LimitedEndpoint, args: (string | number)[]) =>
    answered(scripted[script](...keys(lane), ...args));

  return {
    async acquire(lane, { id, late, lateRoom, rate, nowMs }) {
      const args = [nowMs, id, late ? 1 : 0, lateRoom ? 1 : 0, rate ?? 0];
      const [verdict, number, wakeId, ranLate] = (await run('cardsealLaneAcquire', lane, args)) as [
        string,
        number,
        string,
        number,
      ];
      const wake = wakeId === '' ? null : { ids: [wakeId], atMs: verdict === 'go' ? number : 0 };
      if (verdict === 'go') return { verdict, late: ranLate === 1, wake };
      return verdict === 'until' ? { verdict, atMs: number, wake } : { verdict: 'wait', place: number, wake };
    },
    async release(lane, { id, outcome, heldUntilMs = 0, late, rate, nowMs }) {
      const args = [nowMs, id, outcome, Math.ceil(heldUntilMs), late ? 1 : 0, rate ? 1 : 0];
      const [streak, first, paused, held, wakeAtMs, lateId, ...ids] = (await run(
        'cardsealLaneRelease',
        lane,
        args,
      )) as [number, number, number, number, number, string, ...string[]];
      const wake: Promotion[] = [
        ...(ids.length > 0 ? [{ ids, atMs: wakeAtMs }] : []),
        ...(lateId === '' ? [] : [{ ids: [lateId], atMs: 0 }]),
      ];
      return { state: stateOf([held, paused, streak, first]), wake };
    },
    stillWaits: async (lane, id) => (await run('cardsealLaneWaits', lane, [0, id])) === 1,
    hold: async (lane, untilMs) => void (await run('cardsealLaneHold', lane, [0, Math.ceil(untilMs)])),
    read: async (lane) => stateOf(await answered(redis.hmget(keys(lane)[0]!, 'held', 'paused', 'streak', 'first'))),
  };
}

async function answered<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (cause) {
    throw new TransientError('queue_unavailable', { cause });
  }
}

function stateOf([held, paused, streak, first]: (string | number | null)[]): EndpointLimitState {
  const time = (value: string | number | null | undefined) => Number(value ?? 0) || null;
  return {
    streak: Number(streak ?? 0),
    firstFailureMs: time(first),
    pausedUntilMs: time(paused),
    heldUntilMs: time(held),
  };
}
