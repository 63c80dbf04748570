/** Which pictures make a card: `x-front.jpg` and `x-back.jpg` are two sides of one, any other picture is one alone. */
import path from 'node:path';
import type { Side } from '@cardseal/client';

export interface CardFiles {
  /** The common part of the names; it becomes the reference unless another is given. */
  name: string;
  front?: string;
  back?: string;
}

/** In the order in which the first picture of each card was named. Of two pictures of one side the last one counts. */
export function pairPictures(files: readonly string[], loneSide: Side): CardFiles[] {
  const cards = new Map<string, CardFiles>();
  for (const file of files) {
    const { dir, name } = path.parse(file);
    const match = /^(.*?)[-_.]?(front|back)$/i.exec(name);
    const stem = match ? match[1] || name : name;
    const side = match ? (match[2]!.toLowerCase() as Side) : loneSide;
    const key = path.join(dir, match ? stem : `${name} alone`);
    const card = cards.get(key) ?? { name: stem };
    card[side] = file;
    cards.set(key, card);
  }
  return [...cards.values()];
}
