/**
 * Plain tenant keys, for as long as they may be held: five minutes from the last time the key service gave them. They
 * are asked for again well before that, so that a service that goes away finds them fresh; at the end they are
 * overwritten. A key is only lent for the length of a synchronous use: nobody can hold one that has been overwritten.
 */
import type { Clock } from '@cardseal/base/clock';

/** A tenant's keys by version; the newest seals. */
export interface TenantKeys {
  newest: number;
  byVersion: ReadonlyMap<number, Buffer>;
}

export interface TenantKeyCache {
  /** Loads what is not there, once for all who come at once. Rejects as `load` does. */
  use<T>(tenant: string, use: (keys: TenantKeys) => T): Promise<T>;
  /** Asks again although there is something: for a version that turned up elsewhere. Only a load begun later counts. */
  refresh(tenant: string): Promise<void>;
  /** Overwrites everything. */
  clear(): void;
}

export const KEY_TTL_MS = 5 * 60_000;
const REFRESH_AFTER_MS = 30_000;
/** A service that is away is asked this often, and no more. */
const REFRESH_PAUSE_MS = 5000;
const MAX_TENANTS = 1000;

interface Entry {
  keys: TenantKeys;
  loadedAtMs: number;
  askedAtMs: number;
}

interface Load {
  done: Promise<void>;
  /** What comes after it, for all who may have come too late for it. */
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

  /** Whoever came last stands last, so that the first is the one that is least used. */
  function keep(tenant: string, entry: Entry): void {
    entries.delete(tenant);
    entries.set(tenant, entry);
    for (const oldest of entries.keys()) {
      if (entries.size <= maxTenants) break;
      drop(oldest);
    }
    sweeper ??= setInterval(sweep, REFRESH_AFTER_MS).unref();
  }

  /** What nobody asks for any more does not stay either. */
  function sweep(): void {
    for (const tenant of [...entries.keys()]) fresh(tenant);
    if (entries.size > 0) return;
    clearInterval(sweeper);
    sweeper = undefined;
  }

  /** Joins a load that is under way. */
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

  /** A load that is under way may have looked before what is asked for was there: one more follows it. */
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
