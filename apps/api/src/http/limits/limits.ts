/**
 * The limits of a key (requests per second, concurrent requests, unfinished jobs, jobs per day) and the limits that
 * all keys of a tenant share (requests per second, jobs per day). The API checks them after it knows the key and
 * before it reads the body.
 */
import type { Clock } from '@cardseal/base/clock';
import type { KeyLimits, Ledger, TenantLimits } from '@cardseal/core/ledger';
import { Problem } from '../problems/index.ts';
import type { Counter } from './counter.ts';
import type { ReadTenantLimits } from './tenant-limits.ts';

const DAY_MS = 86_400_000;
/** The provider's day begins at midnight in Shanghai. */
const SHANGHAI_MS = 8 * 3_600_000;

export interface LimitedKey {
  tenant: string;
  apiKeyId: string;
  limits?: KeyLimits | undefined;
}

interface Admission {
  /** Headers of the response: `RateLimit` and `RateLimit-Policy` of the IETF draft. Empty when no rate is limited. */
  headers: Record<string, string>;
  /** Call it when the response is sent. */
  release(): void;
}

/** One holder of limits: the key, or its tenant for all keys together. */
export interface LimitView {
  requestsPerSecond: number | null;
  cardsPerDay: number | null;
  /** null without a daily limit. */
  cardsLeftToday: number | null;
}

export interface Limits {
  /** Throws Problem `rate_limited` or `too_many_concurrent`. */
  admit(key: LimitedKey): Promise<Admission>;
  /**
   * Call it before jobs are accepted. Throws Problem `queue_full` or `daily_limit`.
   * @param repeated given for requests with an Idempotency-Key; it is called only where a limit applies.
   */
  spend(key: LimitedKey, cards: number, repeated?: () => Promise<Repeated | 'known'>): Promise<void>;
  view(key: LimitedKey): Promise<{ key: LimitView; tenant: LimitView }>;
}

/** An amount that may be requested more than once, also concurrently, and counts once. */
interface Repeated {
  id: string;
  /** The job is already one of the unfinished ones. */
  queued: boolean;
}

/** `name` is the name of the policy in the headers. */
interface Holder {
  name: 'requests' | 'tenant';
  id: string;
  limits: TenantLimits;
}

const TENANT_DETAIL = {
  rate_limited:
    'All keys of the tenant together have sent more requests than they may; `RateLimit` says when more are let through.',
  daily_limit: 'All keys of the tenant together have submitted as many cards today as they may.',
};

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: its functions share the count of open requests per key.
export function createLimits(
  counter: Counter,
  ledger: Pick<Ledger, 'jobs'>,
  clock: Clock,
  tenantLimits: ReadTenantLimits,
): Limits {
  const open = new Map<string, number>();

  async function holdersOf({ tenant, apiKeyId, limits = {} }: LimitedKey): Promise<Holder[]> {
    return [
      { name: 'requests', id: `${tenant}.${apiKeyId}`, limits },
      { name: 'tenant', id: tenant, limits: await tenantLimits(tenant) },
    ];
  }

  /** A request that the key's own rate refuses does not count against the tenant's other keys. */
  async function rate(key: LimitedKey): Promise<Record<string, string>> {
    const second = Math.floor(clock.now() / 1000);
    const policies: string[] = [];
    const states: string[] = [];
    for (const { name, id, limits } of await holdersOf(key)) {
      const quota = limits.requestsPerSecond;
      if (quota === undefined) continue;
      const used = await counter.add(`rate:${id}:${second}`, 1, 2000);
      policies.push(`"${name}";q=${quota};w=1`);
      states.push(`"${name}";r=${Math.max(0, quota - used)};t=1`);
      if (used <= quota) continue;
      const detail = name === 'tenant' ? TENANT_DETAIL.rate_limited : undefined;
      throw new Problem('rate_limited', detail, { retryAfterS: 1, headers: headersOf(policies, states) });
    }
    return headersOf(policies, states);
  }

  const dayOf = () => Math.floor((clock.now() + SHANGHAI_MS) / DAY_MS);
  const dayWindow = (id: string) => `cards:${id}:${dayOf()}`;

  async function viewOf({ id, limits }: Holder): Promise<LimitView> {
    const { requestsPerSecond = null, cardsPerDay = null } = limits;
    const left = cardsPerDay === null ? null : Math.max(0, cardsPerDay - (await counter.count(dayWindow(id))));
    return { requestsPerSecond, cardsPerDay, cardsLeftToday: left };
  }

  return {
    async admit(key) {
      const headers = await rate(key);
      const name = `${key.tenant}.${key.apiKeyId}`;
      const most = key.limits?.concurrency;
      const count = (open.get(name) ?? 0) + 1;
      if (most !== undefined && count > most) {
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

    async spend(key, cards, repeated) {
      const inQueue = key.limits?.inQueue;
      const windows = (await holdersOf(key)).flatMap(({ name, id, limits: { cardsPerDay } }) =>
        cardsPerDay === undefined ? [] : [{ holder: name, name: dayWindow(id), most: cardsPerDay }],
      );
      if (inQueue === undefined && windows.length === 0) return;
      const repeat = await repeated?.();
      if (repeat === 'known') return;
      const isCounted = inQueue === undefined || repeat?.queued === true;
      if (!isCounted && (await ledger.jobs.markers.countPending(key.tenant, inQueue)) + cards > inQueue) {
        throw new Problem('queue_full', undefined, { retryAfterS: 5 });
      }
      if (windows.length === 0) return;
      const once = repeat && `${key.tenant}.${repeat.id}`;
      const refused = await counter.take(windows, { amount: cards, ttlMs: 2 * DAY_MS, once });
      if (!refused) return;
      const restMs = DAY_MS - ((clock.now() + SHANGHAI_MS) % DAY_MS);
      const detail = refused.holder === 'tenant' ? TENANT_DETAIL.daily_limit : undefined;
      throw new Problem('daily_limit', detail, { retryAfterS: Math.ceil(restMs / 1000) });
    },

    async view(key) {
      const [own, tenant] = await Promise.all((await holdersOf(key)).map(viewOf));
      return { key: own!, tenant: tenant! };
    },
  };
}

function headersOf(policies: readonly string[], states: readonly string[]): Record<string, string> {
  if (policies.length === 0) return {};
  return { 'ratelimit-policy': policies.join(', '), ratelimit: states.join(', ') };
}
