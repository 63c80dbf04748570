/**
 * Reads a sealed object, and reads it again when it does not open: bytes can be spoilt on the way from the store as
 * well as in it, and only what stays broken is. What is spoilt never leaves: the seal is the judge.
 */
import { asCardsealError } from '@cardseal/base/errors';
import type { ObjectStore } from './object-store.ts';

const TRIES = 4;
const SPOILT: readonly string[] = ['seal_broken', 'seal_unknown_format'];

/** null when there is no such object. Throws what `open` throws, for a broken seal after four reads. */
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
