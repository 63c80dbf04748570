/** The port of the ledger: the operations that the ledger needs from an object store. */
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

/** Every operation throws TransientError `store_unavailable` when the store does not complete it in time. */
export interface ObjectStore {
  /** null when the object does not exist. */
  get(key: string): Promise<Buffer | null>;
  put(key: string, body: Buffer): Promise<void>;
  /**
   * Creates the object unless one with that name exists; the store decides between competitors. Returns true when the
   * object now holds exactly `body`. That includes an earlier write of the same body whose response was lost: bodies
   * contain a nonce, so equal bytes come from this writer.
   */
  create(key: string, body: Buffer): Promise<boolean>;
  /** Deleting a missing object is no error. */
  delete(keys: readonly string[]): Promise<void>;
  list(prefix: string, options?: ListOptions): Promise<Page>;
}

/**
 * Lists every key under a prefix, one page at a time. Throws TransientError `store_unavailable` for a store that
 * ignores the start of a page: the list would never end.
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

/** All keys under a prefix that is known to have few. */
export async function listAll(store: Pick<ObjectStore, 'list'>, prefix: string): Promise<string[]> {
  return Array.fromAsync(scan(store, prefix));
}
