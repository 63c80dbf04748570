/** A real twin of the object store port in memory, for unit tests and models. */
import type { ObjectStore } from './object-store.ts';

export interface MemoryObjectStore extends ObjectStore {
  readonly objects: ReadonlyMap<string, Buffer>;
}

export function memoryObjectStore(): MemoryObjectStore {
  const objects = new Map<string, Buffer>();
  return {
    objects,
    get: async (key) => copy(objects.get(key)),
    put: async (key, body) => {
      objects.set(key, Buffer.from(body));
    },
    create: async (key, body) => {
      const present = objects.get(key);
      if (present) return present.equals(body);
      objects.set(key, Buffer.from(body));
      return true;
    },
    delete: async (keys) => {
      for (const key of keys) objects.delete(key);
    },
    list: async (prefix, { startAfter = '', limit = 1000 } = {}) => {
      const found = [...objects.keys()]
        .filter((key) => key.startsWith(prefix) && Buffer.compare(Buffer.from(key), Buffer.from(startAfter)) > 0)
        .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      const keys = found.slice(0, limit);
      return { keys, next: found.length > limit ? (keys.at(-1) ?? null) : null };
    },
  };
}

function copy(body: Buffer | undefined): Buffer | null {
  return body === undefined ? null : Buffer.from(body);
}
