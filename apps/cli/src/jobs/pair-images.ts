/** Groups image files into cards: `x-front.jpg` and `x-back.jpg` are the two sides of one card. */
import path from 'node:path';
import type { Side } from '@cardseal/client';

export interface CardFiles {
  /** The common part of the file names. It is the default reference. */
  name: string;
  front?: string;
  back?: string;
}

/** Keeps the order of the first image of each card. Among several images of one side, the last one wins. */
export function pairImages(files: readonly string[], loneSide: Side): CardFiles[] {
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
