/** Reports the result and the duration of every request to a store. It does not change requests or responses. */
import { asCardsealError } from '@cardseal/base/errors';
import type { ObjectStore } from './object-store.ts';

type StoreOperation = 'get' | 'put' | 'create' | 'delete' | 'list';

/** @param result `ok`, or the class of the error. */
export type StoreObserver = (operation: StoreOperation, result: string, seconds: number) => void;

export function observedObjectStore(store: ObjectStore, observe: StoreObserver): ObjectStore {
  async function watched<T>(operation: StoreOperation, answer: Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const tell = (result: string) => observe(operation, result, (performance.now() - startedAt) / 1000);
    try {
      const value = await answer;
      tell('ok');
      return value;
    } catch (error) {
      tell(asCardsealError(error).disposition);
      throw error;
    }
  }
  return {
    get: (key) => watched('get', store.get(key)),
    put: (key, body) => watched('put', store.put(key, body)),
    create: (key, body) => watched('create', store.create(key, body)),
    delete: (keys) => watched('delete', store.delete(keys)),
    list: (prefix, options) => watched('list', store.list(prefix, options)),
  };
}
