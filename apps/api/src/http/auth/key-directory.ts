/**
 * Which API keys exist, by the names in the ledger alone. The API uses it once the guess budget is spent: any guess then
 * costs the store at most one list of the tenants per second, and one list of the keys of a tenant that exists. It always
 * contains every valid key.
 */
import type { Clock } from '@cardseal/base/clock';
import { type Ledger, SYSTEM_TENANT } from '@cardseal/core/ledger';
import { LRUCache } from 'lru-cache';

export interface KeyDirectory {
  /** True for a key that existed when the last list began, a second ago at most. */
  has(tenant: string, id: string): Promise<boolean>;
}

/** A new key is accepted within two seconds, the duration of a list included. */
const REFRESH_MS = 1000;
const KEPT_TENANTS = 1000;

interface Listed {
  atMs: number;
  loading: boolean;
  ids: Promise<ReadonlySet<string>>;
}

export function createKeyDirectory(ledger: Pick<Ledger, 'tenants'>, clock: Clock): KeyDirectory {
  const lists = new LRUCache<string, Listed>({ max: KEPT_TENANTS });

  /** One list at a time per name, and at most one per second. */
  function listed(name: string, load: () => Promise<string[]>): Promise<ReadonlySet<string>> {
    const standing = lists.get(name);
    if (standing && (standing.loading || clock.now() - standing.atMs < REFRESH_MS)) return standing.ids;
    const entry: Listed = { atMs: clock.now(), loading: true, ids: load().then((ids) => new Set(ids)) };
    lists.set(name, entry);
    entry.ids.then(
      () => {
        entry.loading = false;
      },
      () => lists.delete(name),
    );
    return entry.ids;
  }

  return {
    async has(tenant, id) {
      const tenants = await listed('', () => ledger.tenants.records.ids(SYSTEM_TENANT));
      if (!tenants.has(tenant)) return false;
      return (await listed(tenant, () => ledger.tenants.apiKeys.ids(tenant))).has(id);
    },
  };
}
