/**
 * The limits of a key: requests a second, requests open at once, unfinished jobs, cards a day. They are asked after
 * the key is known and before the body is read.
 */
import type { Clock } from '@cardseal/core/clock';
import type { KeyLimits, Ledger } from '@cardseal/core/ledger';
import { Problem } from '../problems/index.ts';
import type { Counter } from './counter.ts';

const DAY_MS = 86_400_000;
/** The provider's day begins at midnight in Shanghai. */
const SHANGHAI_MS = 8 * 3_600_000;

export interface LimitedKey {
  tenant: string;
  apiKeyId: string;
  limits: KeyLimits;
}

export interface Admission {
  /** Of the answer: `RateLimit` and `RateLimit-Policy` of the IETF draft. */
  headers: Record<string, string>;
  /** Call it when the answer is out. */
  release(): void;
}

export interface Limits {
  /** Throws Problem `rate_limited` or `too_many_concurrent`. */
  admit(key: LimitedKey): Promise<Admission>;
  /**
   * Before cards are taken in. Throws Problem `queue_full` or `daily_limit`.
   * @param repeated of what has an Idempotency-Key.
   */
  spend(key: LimitedKey, cards: number, repeated?: Repeated): Promise<void>;
}

/** What may be asked for more than once, and at once, and is spent once. */
export interface Repeated {
  id: string;
  /** It is among the unfinished already. */
  queued: boolean;
}

export function createLimits(counter: Counter, ledger: Pick<Ledger, 'markers'>, clock: Clock): Limits {
  const open = new Map<string, number>();

  async function rate({ tenant, apiKeyId, limits }: LimitedKey): Promise<Record<string, string>> {
    const quota = limits.requestsPerSecond;
    if (quota === undefined) return {};
    const nowMs = clock.now();
    const used = await counter.add(`rate:${tenant}.${apiKeyId}:${Math.floor(nowMs / 1000)}`, 1, 2000);
    const headers = {
      'ratelimit-policy': `"requests";q=${quota};w=1`,
      ratelimit: `"requests";r=${Math.max(0, quota - used)};t=1`,
    };
    if (used > quota) throw new Problem('rate_limited', undefined, { retryAfterS: 1, headers });
    return headers;
  }

  return {
    async admit(key) {
      const headers = await rate(key);
      const name = `${key.tenant}.${key.apiKeyId}`;
      const count = (open.get(name) ?? 0) + 1;
      if (key.limits.concurrency !== undefined && count > key.limits.concurrency) {
        throw new Problem('too_many_concurrent', undefined, { retryAfterS: 1, headers });
      }
      open.set(name, count);
      let released = false;
      return {
        headers,
        release() {
          if (released) return;
          released = true;
          const left = (open.get(name) ?? 1) - 1;
          if (left > 0) open.set(name, left);
          else open.delete(name);
        },
      };
    },

    async spend({ tenant, apiKeyId, limits: { inQueue, cardsPerDay } }, cards, repeated) {
      const isCounted = inQueue === undefined || repeated?.queued === true;
      if (!isCounted && (await ledger.markers.countPending(tenant, inQueue)) + cards > inQueue) {
        throw new Problem('queue_full', undefined, { retryAfterS: 5 });
      }
      if (cardsPerDay === undefined) return;
      const nowMs = clock.now() + SHANGHAI_MS;
      const name = `cards:${tenant}.${apiKeyId}:${Math.floor(nowMs / DAY_MS)}`;
      const once = repeated && `${tenant}.${repeated.id}`;
      if (await counter.take(name, { amount: cards, most: cardsPerDay, ttlMs: 2 * DAY_MS, once })) return;
      throw new Problem('daily_limit', undefined, { retryAfterS: Math.ceil((DAY_MS - (nowMs % DAY_MS)) / 1000) });
    },
  };
}
