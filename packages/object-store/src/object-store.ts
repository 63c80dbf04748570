/** The port behind the ledger: the few operations of an object store that it is built on. */
import { TransientError } from '@cardseal/base/errors';

export interface Page {
  keys: string[];
  /** Pass it as `startAfter` of the next page; null at the end. */
  next: string | null;
}

export interface ListOptions {
  /** Keys strictly greater, in UTF-8 byte order. */
  startAfter?: string | undefined;
  /** At most this many keys (1–1000, default 1000). */
  limit?: number | undefined;
}

/** Every operation throws TransientError `store_unavailable` when the store does not do its part in time. */
export interface ObjectStore {
  /** null when there is no such object. */
  get(key: string): Promise<Buffer | null>;
  put(key: string, body: Buffer): Promise<void>;
  /**
   * Creates the object unless one of that name exists; the store decides between competitors.
   * True when the object now holds exactly `body`, which includes an earlier try of the same write
   * whose answer was lost: bodies carry a nonce, so equal bytes are one's own.
   */
  create(key: string, body: Buffer): Promise<boolean>;
  /** Deleting what is not there is no error. */
  delete(keys: readonly string[]): Promise<void>;
  list(prefix: string, options?: ListOptions): Promise<Page>;
}

/**
 * Lists every key under a prefix, a page at a time. Throws TransientError `store_unavailable` for a store that ignores where
 * a page has to start: the listing would never end.
 */
export async function* scan(
  store: Pick<ObjectStore, 'list'>,
  prefix: string,
  startAfter?: string,
): AsyncGenerator<string> {
  let from = startAfter;
  for (;;) {
    const page = await store.list(prefix, { startAfter: from });
    yield* page.keys;
    if (page.next === null) return;
    if (page.next === from) throw new TransientError('store_unavailable', { fields: { operation: 'list' } });
    from = page.next;
  }
}

/** All keys under a prefix that is known to be short. */
export async function listAll(store: Pick<ObjectStore, 'list'>, prefix: string): Promise<string[]> {
  return Array.fromAsync(scan(store, prefix));
}
