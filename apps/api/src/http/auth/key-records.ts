/**
 * API keys from the ledger, at most two seconds old. The API reads existing keys from the store; guessed keys reach
 * the store within a budget only. A guess never takes the place of a valid key in the cache or in the budget.
 */
import type { Clock } from '@cardseal/base/clock';
import type { ApiKeyRecord, Ledger, Versioned } from '@cardseal/core/ledger';
import type { Log } from '@cardseal/core/log';
import { LRUCache } from 'lru-cache';
import { createGuessBudget } from './guess-budget.ts';
import { createKeyDirectory } from './key-directory.ts';

/** Revocation and changes of scope must apply within two seconds. */
const CACHE_TTL_MS = 1500;
const CACHE_SIZE = 10_000;
/** Keys that existed once. */
const KNOWN_KEYS = 100_000;
const REPORT_MS = 60_000;

type KeyRecord = Versioned<ApiKeyRecord>;

export interface KeyRecords {
  /** null for a key that does not exist. @param address of the client, or of the proxy before it. */
  get(tenant: string, id: string, address: string): Promise<KeyRecord | null>;
}

export function createKeyRecords(ledger: Pick<Ledger, 'tenants'>, clock: Clock, log: Pick<Log, 'warn'>): KeyRecords {
  const found = new LRUCache<string, KeyRecord & object>({ max: CACHE_SIZE, ttl: CACHE_TTL_MS });
  const absent = new LRUCache<string, true>({ max: CACHE_SIZE, ttl: CACHE_TTL_MS });
  const known = new LRUCache<string, true>({ max: KNOWN_KEYS });
  const running = new Map<string, Promise<KeyRecord | null>>();
  const budget = createGuessBudget(clock);
  const directory = createKeyDirectory(ledger, clock);
  const report = createReport(clock, log);

  async function load(tenant: string, id: string): Promise<KeyRecord | null> {
    const name = `${tenant}.${id}`;
    const record = await ledger.tenants.apiKeys.get(tenant, id);
    if (record) {
      found.set(name, record);
      known.set(name, true);
    } else {
      absent.set(name, true);
      known.delete(name);
    }
    return record;
  }

  function lookUp(tenant: string, id: string): Promise<KeyRecord | null> {
    const name = `${tenant}.${id}`;
    const standing = running.get(name);
    if (standing) return standing;
    const loading = load(tenant, id).finally(() => running.delete(name));
    running.set(name, loading);
    return loading;
  }

  return {
    async get(tenant, id, address) {
      const name = `${tenant}.${id}`;
      const cached = found.get(name);
      if (cached) return cached;
      if (absent.has(name)) return null;
      if (known.has(name)) return lookUp(tenant, id);
      if (budget.take(address)) {
        const record = await lookUp(tenant, id);
        if (record) budget.giveBack(address);
        return record;
      }
      if (await directory.has(tenant, id)) return lookUp(tenant, id);
      report();
      return null;
    },
  };
}

/** One line a minute, whatever is guessed. */
function createReport(clock: Clock, log: Pick<Log, 'warn'>): () => void {
  let count = 0;
  let reportedMs = Number.NEGATIVE_INFINITY;
  return () => {
    count++;
    if (clock.now() - reportedMs < REPORT_MS) return;
    reportedMs = clock.now();
    log.warn('auth.keys_guessed', { count });
    count = 0;
  };
}
