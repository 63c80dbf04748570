/**
 * Plain tenant keys, in memory for at most five minutes after the key service last returned them. They are loaded
 * again well before that, so that they are fresh when the service goes away. At the end they are overwritten. A caller
 * gets a key only for one synchronous use, so that no caller can hold an overwritten key.
 */
import type { Clock } from '@cardseal/base/clock';

/** A tenant's keys by version; the newest seals. */
export interface TenantKeys {
  newest: number;
  byVersion: ReadonlyMap<number, Buffer>;
}

export interface TenantKeyCache {
  /** Loads missing keys, once for all concurrent callers. Rejects as `load` does. */
  use<T>(tenant: string, use: (keys: TenantKeys) => T): Promise<T>;
  /**
   * Loads again although keys are present, for a version that another process created. Only a load that starts later
   * counts.
   */
  refresh(tenant: string): Promise<void>;
  /** Overwrites all keys. */
  clear(): void;
}

export const KEY_TTL_MS = 5 * 60_000;
const REFRESH_AFTER_MS = 30_000;
/** How often a service that is away is called. */
const REFRESH_PAUSE_MS = 5000;
const MAX_TENANTS = 1000;

interface Entry {
  keys: TenantKeys;
  loadedAtMs: number;
  askedAtMs: number;
}

interface Load {
  done: Promise<void>;
  /** The load after the current one, for callers that may have come too late for the current one. */
  next?: Promise<void>;
}

export function createTenantKeyCache(
  load: (tenant: string) => Promise<TenantKeys>,
  clock: Clock,
  maxTenants = MAX_TENANTS,
): TenantKeyCache {
  const entries = new Map<string, Entry>();
  const loading = new Map<string, Load>();
  let sweeper: NodeJS.Timeout | undefined;

  function fresh(tenant: string): Entry | undefined {
    const entry = entries.get(tenant);
    if (!entry) return undefined;
    if (clock.now() - entry.loadedAtMs >= KEY_TTL_MS) return void drop(tenant);
    return entry;
  }

  function drop(tenant: string): void {
    for (const key of entries.get(tenant)?.keys.byVersion.values() ?? []) key.fill(0);
    entries.delete(tenant);
  }

  /** Moves the tenant to the end, so that the first entry is the least recently used. */
  function keep(tenant: string, entry: Entry): void {
    entries.delete(tenant);
    entries.set(tenant, entry);
    for (const oldest of entries.keys()) {
      if (entries.size <= maxTenants) break;
      drop(oldest);
    }
    sweeper ??= setInterval(sweep, REFRESH_AFTER_MS).unref();
  }

  /** Also removes the keys that no caller uses any more. */
  function sweep(): void {
    for (const tenant of [...entries.keys()]) fresh(tenant);
    if (entries.size > 0) return;
    clearInterval(sweeper);
    sweeper = undefined;
  }

  /** Joins a load that is running. */
  function loadOnce(tenant: string): Promise<void> {
    const running = loading.get(tenant);
    if (running) return running.done;
    const askedAtMs = clock.now();
    const entry = entries.get(tenant);
    if (entry) entry.askedAtMs = askedAtMs;
    const done = load(tenant)
      .then((keys) => {
        drop(tenant);
        keep(tenant, { keys, loadedAtMs: askedAtMs, askedAtMs });
      })
      .finally(() => loading.delete(tenant));
    loading.set(tenant, { done });
    return done;
  }

  /** A running load may have read before the wanted version existed: one more load follows it. */
  function refresh(tenant: string): Promise<void> {
    const running = loading.get(tenant);
    if (!running) return loadOnce(tenant);
    running.next ??= running.done.catch(() => {}).then(() => loadOnce(tenant));
    return running.next;
  }

  return {
    refresh,
    async use(tenant, use) {
      for (let entry = fresh(tenant); ; entry = fresh(tenant)) {
        if (!entry) {
          await loadOnce(tenant);
          continue;
        }
        const nowMs = clock.now();
        if (nowMs - entry.loadedAtMs >= REFRESH_AFTER_MS && nowMs - entry.askedAtMs >= REFRESH_PAUSE_MS) {
          loadOnce(tenant).catch(() => {});
        }
        keep(tenant, entry);
        return use(entry.keys);
      }
    },
    clear() {
      for (const tenant of [...entries.keys()]) drop(tenant);
      clearInterval(sweeper);
      sweeper = undefined;
    },
  };
}
