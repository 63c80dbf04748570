/** A complete implementation of the object store port in memory, for unit tests and models. */
import type { ObjectStore } from './object-store.ts';
import { sortedNames } from './sorted-names.ts';

export interface MemoryObjectStore extends ObjectStore {
  readonly objects: ReadonlyMap<string, Buffer>;
}

export function memoryObjectStore(): MemoryObjectStore {
  const objects = new Map<string, Buffer>();
  const names = sortedNames((key) => objects.has(key));

  function set(key: string, body: Buffer): void {
    if (!objects.has(key)) names.add(key);
    objects.set(key, Buffer.from(body));
  }

  return {
    objects,
    get: async (key) => copy(objects.get(key)),
    put: async (key, body) => set(key, body),
    create: async (key, body) => {
      const present = objects.get(key);
      if (present) return present.equals(body);
      set(key, body);
      return true;
    },
    delete: async (keys) => {
      for (const key of keys) objects.delete(key);
    },
    list: async (prefix, { startAfter = '', limit = 1000 } = {}) => {
      const keys = names.under(prefix, startAfter, limit + 1);
      return keys.length > limit ? { keys: keys.slice(0, limit), next: keys[limit - 1] ?? null } : { keys, next: null };
    },
  };
}

function copy(body: Buffer | undefined): Buffer | null {
  return body === undefined ? null : Buffer.from(body);
}
