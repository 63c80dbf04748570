/** Counts per key and window: shared through Redis, or in this process only while Redis is away. */
import { loadLua } from '@cardseal/base/lua';
import type { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import { createTimeoutBreaker, LATE, type TimeoutBreaker } from '../redis-timeout/index.ts';

interface Window {
  name: string;
  /** The limit of the count. */
  most: number;
}

interface Taking {
  amount: number;
  ttlMs: number;
  /** An amount with this name counts once, however often it is requested. */
  once?: string | undefined;
}

export interface Counter {
  /** The count after adding. `name` identifies the window, which is deleted after `ttlMs`. */
  add(name: string, amount: number, ttlMs: number): Promise<number>;
  /** The current count. */
  count(name: string): Promise<number>;
  /** Adds to all windows or to none. Returns the first window whose limit it would exceed, or null. */
  take<W extends Window>(windows: readonly W[], taking: Taking): Promise<W | null>;
}

const KEPT_NAMES = 50_000;
/** From the first of several concurrent requests to its commit, after which the ledger knows the job. */
const ONCE_MS = 10 * 60_000;

const TAKE_LUA = loadLua(new URL('./lua/take.lua', import.meta.url));

export function createCounter(redis: Redis, prefix: string, soon: TimeoutBreaker = createTimeoutBreaker()): Counter {
  const local = new LRUCache<string, { count: number }>({ max: KEPT_NAMES });
  const takenHere = new LRUCache<string, true>({ max: KEPT_NAMES, ttl: ONCE_MS });
  const keyOf = (name: string) => `${prefix}:limit:${name}`;

  function addLocally(name: string, amount: number, ttlMs: number): number {
    const entry = local.get(name) ?? { count: 0 };
    entry.count += amount;
    local.set(name, entry, { ttl: ttlMs, noUpdateTTL: true });
    return entry.count;
  }

  /** This process also counts what it saw Redis count, so that a window does not begin again when Redis goes away. */
  function takeLocally<W extends Window>(windows: readonly W[], { amount, ttlMs, once }: Taking): W | null {
    if (once !== undefined && takenHere.has(once)) return null;
    const full = windows.find(({ name, most }) => (local.get(name)?.count ?? 0) + amount > most);
    if (full) return full;
    for (const { name } of windows) addLocally(name, amount, ttlMs);
    if (once !== undefined) takenHere.set(once, true);
    return null;
  }

  return {
    async add(name, amount, ttlMs) {
      const here = addLocally(name, amount, ttlMs);
      if (redis.status !== 'ready') return here;
      const key = keyOf(name);
      const counted = redis.multi().incrby(key, amount).pexpire(key, ttlMs).exec();
      const answer = await soon(counted).catch(() => null);
      const [error, count] = (answer === LATE ? null : answer)?.[0] ?? [true, null];
      return error ? here : Number(count);
    },

    async count(name) {
      const here = local.get(name)?.count ?? 0;
      if (redis.status !== 'ready') return here;
      const answer = await soon(redis.get(keyOf(name))).catch(() => LATE);
      return answer === LATE ? here : Number(answer ?? 0);
    },

    async take(windows, taking) {
      if (redis.status !== 'ready') return takeLocally(windows, taking);
      const { amount, ttlMs, once } = taking;
      const keys = [...windows.map(({ name }) => keyOf(name)), keyOf(`once:${once ?? ''}`)];
      const onceMs = once === undefined ? 0 : ONCE_MS;
      const most = windows.map((window) => window.most);
      // Sends the whole text each time: a script that Redis does not know yet would cost a second round trip.
      const asked = redis.eval(TAKE_LUA, keys.length, ...keys, amount, ttlMs, onceMs, ...most);
      const answer = await soon(asked).catch(() => LATE);
      if (answer === LATE) return takeLocally(windows, taking);
      const refused = windows[Number(answer) - 1];
      if (refused) return refused;
      const unlimited = windows.map((window) => ({ ...window, most: Number.POSITIVE_INFINITY }));
      takeLocally(unlimited, taking);
      return null;
    },
  };
}
