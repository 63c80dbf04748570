/**
 * Erasure in the ledger: a tombstone that wins against everything, then the removal of all that the job ever had, and
 * a record of what was removed. Tombstone and record hold ids, times and counts, and are therefore not sealed.
 */

import { listAll, type ObjectStore } from '@cardseal/object-store';
import type { Keyring } from '@cardseal/sealing';
import type { JobId } from '../../job/index.ts';
import { paths } from '../paths.ts';

/** The marker of an erasure goes under this generation, which no work ever has. */
export const ERASURE_GENERATION = 0;

export interface Tombstone {
  v: 1;
  reason: 'request' | 'retention';
  /** The last generation that was open or decided. */
  generation: number;
  createdAtMs: number;
  erasedAtMs: number;
  /** The endpoints that are told; null for all that listen. */
  endpointIds: string[] | null;
}

export interface ErasureRecord {
  v: 1;
  completedAtMs: number;
  /** Names removed, by the first part of their name. */
  removed: Record<string, number>;
}

export interface Erasures {
  tombstone(tenant: string, job: JobId): Promise<Tombstone | null>;
  /** The tombstone that stands: ours, or the earlier one. */
  declare(tenant: string, job: JobId, ours: Tombstone): Promise<Tombstone>;
  /**
   * Removes the key, then every object, index name, delivery record and marker of work; never the tombstone, nor what
   * belongs to the erasure itself. May run any number of times. Returns the number of names removed, by kind.
   * @param disabled endpoints at which deliveries of the job may be parked.
   */
  remove(
    tenant: string,
    job: JobId,
    reason: Tombstone['reason'],
    disabled: readonly string[],
  ): Promise<Record<string, number>>;
  /** Takes the erased job off the lists. */
  unlist(tenant: string, job: JobId): Promise<void>;
  /** Keeps the first record. */
  record(tenant: string, job: JobId, record: ErasureRecord): Promise<ErasureRecord>;
  readRecord(tenant: string, job: JobId): Promise<ErasureRecord | null>;
}

export function createErasures(store: ObjectStore, keyring: Keyring): Erasures {
  const read = async <T>(path: string) => {
    const body = await store.get(path);
    return body && (JSON.parse(body.toString()) as T);
  };
  const keepFirst = async <T>(path: string, ours: T): Promise<T> => {
    if (await store.create(path, Buffer.from(JSON.stringify(ours)))) return ours;
    return (await read<T>(path)) ?? ours;
  };
  return {
    tombstone: (tenant, job) => read<Tombstone>(paths.tombstone(tenant, job)),
    declare: (tenant, job, ours) => keepFirst(paths.tombstone(tenant, job), ours),

    async remove(tenant, job, reason, disabled) {
      const hadKey = (await keyring.jobKey(tenant, job).catch(() => true)) !== null;
      // The key goes first: from here on nothing that is still there can be opened, in any copy.
      await keyring.dropJobKey(tenant, job);
      const names = await namesOf(store, tenant, job, disabled);
      // A marker of work is deleted after the objects that it leads to: if some of these stay, a worker still finds them.
      const isMarker = (name: string) => name.startsWith(paths.allPending);
      await store.delete(names.filter((name) => !isMarker(name)));
      await store.delete(names.filter(isMarker));
      // Who asked for the erasure sees it in lists; what its time took is gone from them.
      if (reason === 'request') await store.put(paths.indexErased(tenant, job), Buffer.alloc(0));
      const counts = Map.groupBy(names, (name) => name.slice(0, name.indexOf('/')));
      const removed = Object.fromEntries([...counts].map(([kind, those]) => [kind, those.length]));
      return { ...(hadKey ? { keys: 1 } : {}), ...removed };
    },

    unlist: (tenant, job) => store.delete([paths.indexErased(tenant, job)]),
    record: (tenant, job, record) => keepFirst(paths.erasureRecord(tenant, job), record),
    readRecord: (tenant, job) => read<ErasureRecord>(paths.erasureRecord(tenant, job)),
  };
}

/** The pending markers last: as long as one stands, whoever finds it finishes the removal. */
async function namesOf(store: ObjectStore, tenant: string, job: JobId, disabled: readonly string[]): Promise<string[]> {
  const own = new Set<string>([
    paths.tombstone(tenant, job),
    paths.indexErased(tenant, job),
    paths.pending(tenant, job, ERASURE_GENERATION, '-'),
  ]);
  const lists = await Promise.all(
    [
      paths.job(tenant, job),
      paths.indexOf(tenant, job),
      paths.deliveriesOf(tenant, job),
      paths.undeliveredOf(tenant, job),
      paths.askedAgainOf(tenant, job),
      ...disabled.map((endpoint) => `${paths.parkedOf(tenant, endpoint)}${job}.`),
      paths.pendingOf(tenant, job),
    ].map((prefix) => listAll(store, prefix)),
  );
  return lists.flat().filter((name) => !own.has(name));
}
