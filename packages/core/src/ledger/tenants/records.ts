/**
 * Sealed records that change over time (endpoints, keys, tenants, admins) in a store whose objects never change: every
 * change is a new version, created conditionally, and a list returns the newest version first.
 */

import type { Clock } from '@cardseal/base/clock';
import { RejectedError, TransientError } from '@cardseal/base/errors';
import { listAll, type ObjectStore, readOpened } from '@cardseal/object-store';
import type { Keyring } from '@cardseal/sealing';
import { LRUCache } from 'lru-cache';
import { paths, type RecordKind } from '../paths.ts';

const HIGHEST_VERSION = 99_999_999;
/** Opened versions stay in memory: a version never changes, so that only the check for a newer one costs a request. */
const KEPT_VERSIONS = 5000;
const LISTS = 4;

export interface Versioned<T> {
  id: string;
  version: number;
  value: T;
}

/**
 * Every operation throws TransientError `store_record_missing` for a version that the store lists and does not return.
 */
export interface Records<T> {
  /** null when no version was ever written. */
  get(tenant: string, id: string): Promise<Versioned<T> | null>;
  list(tenant: string): Promise<Versioned<T>[]>;
  /** Ids of all records, from names only. Reads and opens nothing. */
  ids(tenant: string): Promise<string[]>;
  /** Returns false when a record with that id exists. */
  create(tenant: string, id: string, value: T): Promise<boolean>;
  /**
   * Reads, changes and writes the next version, and repeats this if another writer was faster. Returns null when the
   * record does not exist. Throws RejectedError `record_busy` after eight lost races.
   */
  change(tenant: string, id: string, change: (value: T) => T): Promise<Versioned<T> | null>;
  /** Deletes every version but the newest, for records whose old versions must not stay. */
  forgetOlder(tenant: string, id: string): Promise<void>;
}

export interface RecordsContext {
  store: ObjectStore;
  keyring: Keyring;
  clock: Clock;
}

export function createRecords<T>({ store, keyring }: RecordsContext, kind: RecordKind): Records<T> {
  const name = (tenant: string, id: string, version: number) =>
    `${paths.record(kind, tenant, id)}${String(HIGHEST_VERSION - version).padStart(8, '0')}`;
  const context = (tenant: string, id: string, version: number) => ({
    tenant,
    subject: id,
    kind: `${kind}.${version}`,
  });

  // Limited by size and not by number: an LRU with a maximum number reserves its memory, and most kinds have few
  // records.
  const kept = new LRUCache<string, Versioned<T> & object>({ maxSize: KEPT_VERSIONS, sizeCalculation: () => 1 });

  async function read(tenant: string, id: string, version: number): Promise<Versioned<T> | null> {
    const path = name(tenant, id, version);
    const known = kept.get(path);
    if (known) return known;
    const plain = await readOpened(store, path, (sealed) => keyring.open(tenant, context(tenant, id, version), sealed));
    if (!plain) return null;
    const record = { id, version, value: JSON.parse(plain.toString()) as T };
    kept.set(path, record);
    return record;
  }

  async function write(tenant: string, id: string, version: number, value: T): Promise<boolean> {
    const plain = Buffer.from(JSON.stringify(value));
    const sealed = await keyring.seal(tenant, context(tenant, id, version), plain);
    return store.create(name(tenant, id, version), sealed);
  }

  async function get(tenant: string, id: string): Promise<Versioned<T> | null> {
    // Between the list and the read, a writer may add a version and a sweep delete the older ones.
    for (let lists = 1; lists <= LISTS; lists++) {
      const { keys } = await store.list(paths.record(kind, tenant, id), { limit: 1 });
      if (keys[0] === undefined) return null;
      const record = await read(tenant, id, versionIn(keys[0]));
      if (record) return record;
    }
    throw new TransientError('store_record_missing', { fields: { kind, tenant, id } });
  }

  return {
    get,
    create: (tenant, id, value) => write(tenant, id, 1, value),

    async ids(tenant) {
      const names = await listAll(store, paths.records(kind, tenant));
      return [...new Set(names.map((key) => key.split('/')[2]!))];
    },

    async list(tenant) {
      const names = await listAll(store, paths.records(kind, tenant));
      const newest = new Map<string, number>();
      for (const key of names) {
        const id = key.split('/')[2]!;
        if (!newest.has(id)) newest.set(id, versionIn(key));
      }
      const found = [...newest].map(async ([id, version]) => (await read(tenant, id, version)) ?? get(tenant, id));
      return (await Promise.all(found)).filter((record) => record !== null);
    },

    async forgetOlder(tenant, id) {
      const [, ...older] = await listAll(store, paths.record(kind, tenant, id));
      if (older.length > 0) await store.delete(older);
    },

    async change(tenant, id, change) {
      for (let race = 0; race < 8; race++) {
        const current = await get(tenant, id);
        if (!current) return null;
        const next = { id, version: current.version + 1, value: change(current.value) };
        if (await write(tenant, id, next.version, next.value)) return next;
      }
      throw new RejectedError('record_busy', { fields: { kind, id } });
    },
  };
}

function versionIn(key: string): number {
  return HIGHEST_VERSION - Number(key.slice(key.lastIndexOf('/') + 1));
}
