/**
 * Reads the newest object of a folder whose objects are numbered and replaced: a writer creates the next number and then
 * deletes the older ones. A reader that lists before that deletion and reads after it must list again.
 */
import { TransientError } from '@cardseal/base/errors';
import { listAll, type ObjectStore } from './object-store.ts';

const LISTS = 4;

export interface Newest {
  /** All names of the folder, in order. */
  names: string[];
  /** null when the folder is empty. */
  body: Buffer | null;
}

/** Throws TransientError `store_record_missing` when the store keeps listing a name that it does not have. */
export async function readNewest(store: Pick<ObjectStore, 'get' | 'list'>, folder: string): Promise<Newest> {
  for (let lists = 1; lists <= LISTS; lists++) {
    const names = await listAll(store, folder);
    const last = names.at(-1);
    const body = last === undefined ? null : await store.get(last);
    if (last === undefined || body) return { names, body };
  }
  throw new TransientError('store_record_missing');
}
