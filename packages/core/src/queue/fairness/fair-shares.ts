/**
 * The order of the recognize queue: assigns each job its priority, records every start, and reports positions. Its
 * state may be lost at any time: jobs that are added again get new positions.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { loadLua } from '@cardseal/base/lua';
import type { Redis, Result } from 'ioredis';
import { QUEUES, sharesKey } from '../names.ts';
import { BAND, EXPRESS, type JobClass, MOVE_AT, RUN_BEFORE_BULK, SPAN } from './shares.ts';

export interface Placement {
  /** Its id in the queue. */
  id: string;
  cardClass: JobClass;
  tenant: string;
  weight: number;
  calls: number;
}

export interface QueueSnapshot {
  interactiveWaiting: number;
  allWaiting: number;
  active: number;
  callsPerCard: number;
  /** -1 when the job is not waiting. */
  rank: number;
  /** When a delayed job returns, epoch milliseconds; 0 otherwise. */
  dueAtMs: number;
}

export interface FairShares {
  /** Priorities in the order of the jobs. A job that the queue knows keeps its own. One round trip. */
  place(cards: readonly Placement[]): Promise<number[]>;
  /** `tell`: a message that the same command publishes. */
  started(id: string, tell?: { channel: string; message: string }): Promise<void>;
  look(id?: string): Promise<QueueSnapshot>;
  /** The number of jobs that would come before one more job of this tenant. */
  before(cardClass: JobClass, tenant: string, weight: number): Promise<number>;
}

declare module 'ioredis' {
  interface RedisCommander<Context> {
    cardsealPlace(...args: (string | number)[]): Result<number[], Context>;
    cardsealStart(...args: (string | number)[]): Result<number, Context>;
    cardsealMove(...args: (string | number)[]): Result<number, Context>;
    cardsealLook(...args: (string | number)[]): Result<(string | number)[], Context>;
    cardsealBefore(...args: (string | number)[]): Result<number, Context>;
  }
}

/** Jobs that one script moves: a few milliseconds of Redis. */
const MOVE_CARDS = 1000;
/** Longer than any process takes between placing a job and adding it. */
const LATE_S = 30;
const LATE_LOOK_MS = 2000;

const RULES = { span: SPAN, express: EXPRESS, moveAt: MOVE_AT, runBeforeBulk: RUN_BEFORE_BULK, band: BAND };

const script = (name: string) => loadLua(new URL(`lua/${name}.lua`, import.meta.url), { rules: RULES });

export function createFairShares(redis: Redis, prefix: string, lateS = LATE_S): FairShares {
  redis.defineCommand('cardsealPlace', { numberOfKeys: 1, lua: script('place') });
  redis.defineCommand('cardsealStart', { numberOfKeys: 3, lua: script('start') });
  redis.defineCommand('cardsealMove', { numberOfKeys: 4, lua: script('move') });
  redis.defineCommand('cardsealLook', { numberOfKeys: 4, lua: script('look'), readOnly: true });
  redis.defineCommand('cardsealBefore', { numberOfKeys: 2, lua: script('before'), readOnly: true });
  const queueKey = (name: string) => `${prefix}:${QUEUES.recognize}:${name}`;
  const state = sharesKey(prefix);
  const parts = [queueKey('prioritized'), queueKey('delayed'), queueKey('active')] as const;
  let moving = false;

  /** Runs in the background of the process that notices the need. Concurrent runs do no harm. */
  async function move(): Promise<void> {
    for (;;) {
      const left = await redis.cardsealMove(state, ...parts, queueKey(''), MOVE_CARDS, lateS);
      if (left === 0) return;
      if (left === 2) await delay(LATE_LOOK_MS, undefined, { ref: false });
    }
  }

  function moveInBackground(): void {
    if (moving) return;
    moving = true;
    move()
      .catch(() => {})
      .finally(() => {
        moving = false;
      });
  }

  return {
    async place(cards) {
      const rows = cards.map(({ cardClass, tenant, weight, calls, id }) => [
        cardClass,
        tenant,
        calls / weight,
        calls,
        id,
      ]);
      const answer = await redis.cardsealPlace(state, queueKey(''), JSON.stringify(rows));
      if (answer[0] === 1) moveInBackground();
      return answer.slice(1);
    },
    async started(id, tell) {
      const told = tell ? [tell.channel, tell.message] : [];
      await redis.cardsealStart(state, queueKey(id), queueKey('prioritized'), ...told);
    },
    async look(id = '') {
      const answer = (await redis.cardsealLook(state, ...parts, id)).map(Number);
      const [interactiveWaiting, allWaiting, active, callsPerCard, rank, dueAtMs] = answer as [number, ...number[]];
      return {
        interactiveWaiting,
        allWaiting: allWaiting!,
        active: active!,
        callsPerCard: callsPerCard!,
        rank: rank!,
        dueAtMs: dueAtMs!,
      };
    },
    before: (cardClass, tenant, weight) =>
      redis.cardsealBefore(state, queueKey('prioritized'), cardClass, tenant, 1 / weight),
  };
}
