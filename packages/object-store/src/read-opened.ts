/**
 * Reads a sealed object, and reads it again when it does not open: the bytes may be damaged in transit as well as in
 * the store, and only repeated damage counts. Damaged data never leaves this function, because the seal detects it.
 */
import { asCardsealError } from '@cardseal/base/errors';
import type { ObjectStore } from './object-store.ts';

const TRIES = 4;
const SPOILT: readonly string[] = ['seal_broken', 'seal_unknown_format'];

/** null when the object does not exist. Throws what `open` throws; a broken seal after four reads. */
export async function readOpened<T>(
  store: Pick<ObjectStore, 'get'>,
  path: string,
  open: (sealed: Buffer) => T | Promise<T>,
): Promise<T | null> {
  for (let tries = 1; ; tries++) {
    const sealed = await store.get(path);
    if (!sealed) return null;
    try {
      return await open(sealed);
    } catch (error) {
      if (tries === TRIES || !SPOILT.includes(asCardsealError(error).code)) throw error;
    }
  }
}
