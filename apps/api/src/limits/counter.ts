/** Counts per key and window: shared through Redis, in this process alone while Redis is away. */
import type { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import { createPatience, LATE, type Patience } from '../patience/index.ts';

export interface Taking {
  amount: number;
  /** What the count may come to. */
  most: number;
  ttlMs: number;
  /** Whatever is taken under this name is taken once, however often it is asked for. */
  once?: string | undefined;
}

export interface Counter {
  /** The count after adding; a window is whatever `name` says, and is forgotten after `ttlMs`. */
  add(name: string, amount: number, ttlMs: number): Promise<number>;
  /** Adds to a window unless it would be too much; false when it would, and nothing is counted. */
  take(name: string, taking: Taking): Promise<boolean>;
}

const KEPT_NAMES = 50_000;
/** From the first of several requests at once to its commit, after which the ledger knows. */
const ONCE_MS = 10 * 60_000;
const REFUSED = 0;

const TAKE_LUA = `
local once = tonumber(ARGV[4])
if once > 0 and redis.call('EXISTS', KEYS[2]) == 1 then return 2 end
local count = tonumber(redis.call('GET', KEYS[1]) or '0')
if count + tonumber(ARGV[1]) > tonumber(ARGV[2]) then return 0 end
redis.call('INCRBY', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
if once > 0 then redis.call('SET', KEYS[2], '', 'PX', once) end
return 1
`;

export function createCounter(redis: Redis, prefix: string, soon: Patience = createPatience()): Counter {
  const local = new LRUCache<string, { count: number }>({ max: KEPT_NAMES });
  const takenHere = new LRUCache<string, true>({ max: KEPT_NAMES, ttl: ONCE_MS });
  const keyOf = (name: string) => `${prefix}:limit:${name}`;

  function addLocally(name: string, amount: number, ttlMs: number): number {
    const entry = local.get(name) ?? { count: 0 };
    entry.count += amount;
    local.set(name, entry, { ttl: ttlMs, noUpdateTTL: true });
    return entry.count;
  }

  /** Whatever was seen to be taken counts here as well: a Redis that goes away does not make a window begin anew. */
  function takeLocally(name: string, { amount, most, ttlMs, once }: Taking): boolean {
    if (once !== undefined && takenHere.has(once)) return true;
    if ((local.get(name)?.count ?? 0) + amount > most) return false;
    addLocally(name, amount, ttlMs);
    if (once !== undefined) takenHere.set(once, true);
    return true;
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

    async take(name, taking) {
      if (redis.status !== 'ready') return takeLocally(name, taking);
      const { amount, most, ttlMs, once } = taking;
      const keys = [keyOf(name), keyOf(once === undefined ? name : `once:${once}`)];
      // The whole text each time: a script that Redis does not know yet would cost a second round trip.
      const asked = redis.eval(TAKE_LUA, keys.length, ...keys, amount, most, ttlMs, once === undefined ? 0 : ONCE_MS);
      const answer = await soon(asked).catch(() => LATE);
      if (answer === LATE) return takeLocally(name, taking);
      if (answer === REFUSED) return false;
      takeLocally(name, { ...taking, most: Number.POSITIVE_INFINITY });
      return true;
    },
  };
}
