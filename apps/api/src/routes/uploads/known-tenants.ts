/**
 * Which tenants exist. The API checks this before it computes a signature: a signature needs the key of the tenant, and a
 * tenant without a key would get one. So an invented name in an unsigned URL would write to the store and call the key
 * service.
 */
import type { Clock } from '@cardseal/base/clock';
import { type Ledger, SYSTEM_TENANT } from '@cardseal/core/ledger';
import { LRUCache } from 'lru-cache';

/** True for a tenant that existed a second ago. However often it is called, it costs the store one list per second. */
export type IsTenant = (tenant: string) => Promise<boolean>;

const LIST_EVERY_MS = 1000;
const KNOWN = 10_000;
const KNOWN_MS = 60_000;

export function createKnownTenants(ledger: Pick<Ledger, 'tenants'>, clock: Clock): IsTenant {
  const known = new LRUCache<string, true>({ max: KNOWN, ttl: KNOWN_MS });
  let listed: { atMs: number; loading: boolean; ids: Promise<ReadonlySet<string>> } | undefined;

  function list(): Promise<ReadonlySet<string>> {
    if (listed && (listed.loading || clock.now() - listed.atMs < LIST_EVERY_MS)) return listed.ids;
    const ids = ledger.tenants.records.ids(SYSTEM_TENANT).then((all) => new Set(all));
    const entry = { atMs: clock.now(), loading: true, ids };
    listed = entry;
    ids.then(
      () => {
        entry.loading = false;
      },
      () => {
        listed = undefined;
      },
    );
    return ids;
  }

  return async (tenant) => {
    if (known.has(tenant)) return true;
    if (!(await list()).has(tenant)) return false;
    known.set(tenant, true);
    return true;
  };
}
