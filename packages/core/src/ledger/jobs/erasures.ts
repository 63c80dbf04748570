/**
 * Erasure in the ledger: a tombstone that takes precedence over everything, then the deletion of all objects of the
 * job, and a record of what was deleted. Tombstone and record contain ids, times and counts only, and are therefore
 * not sealed.
 */

import { listAll, type ObjectStore } from '@cardseal/object-store';
import type { Keyring } from '@cardseal/sealing';
import type { JobId } from '../../job/index.ts';
import { paths } from '../paths.ts';

/** The generation of the erasure's own marker. No work has this generation. */
export const ERASURE_GENERATION = 0;

export interface Tombstone {
  v: 1;
  reason: 'request' | 'retention';
  /** The last generation that was open or decided. */
  generation: number;
  createdAtMs: number;
  erasedAtMs: number;
  /** The endpoints that receive the notice; null for all that subscribe. */
  endpointIds: string[] | null;
}

export interface ErasureRecord {
  v: 1;
  completedAtMs: number;
  /** Deleted names, counted by the first part of the name. */
  removed: Record<string, number>;
}

export interface Erasures {
  tombstone(tenant: string, job: JobId): Promise<Tombstone | null>;
  /** The stored tombstone: this one or an earlier one. */
  declare(tenant: string, job: JobId, ours: Tombstone): Promise<Tombstone>;
  /**
   * Deletes the key, then every object, index name, delivery record and marker of work; never the tombstone or what
   * belongs to the erasure itself. Idempotent. Returns the number of deleted names, by kind.
   * @param disabled endpoints at which deliveries of the job may be parked.
   */
  remove(
    tenant: string,
    job: JobId,
    reason: Tombstone['reason'],
    disabled: readonly string[],
  ): Promise<Record<string, number>>;
  /** Removes the erased job from lists. */
  unlist(tenant: string, job: JobId): Promise<void>;
  /** The first record stays. */
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
      // The key first: from here on nothing that still exists can be opened, in any copy.
      await keyring.dropJobKey(tenant, job);
      const names = await namesOf(store, tenant, job, disabled);
      // A marker of work is deleted after the objects that it leads to: if some of these stay, a worker still finds
      // them.
      const isMarker = (name: string) => name.startsWith(paths.allPending);
      await store.delete(names.filter((name) => !isMarker(name)));
      await store.delete(names.filter(isMarker));
      // A requested erasure stays visible in lists. An expired job disappears from them.
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

/** Pending markers last: while one exists, a worker that finds it completes the deletion. */
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
