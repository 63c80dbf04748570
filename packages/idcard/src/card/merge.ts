/**
 * Merges the images of one job into one card. Each side of the card comes from one image only: two images of the same
 * side may show two people, and mixing their fields would invent a third.
 */
import { CARD_FIELDS_OF_SIDE, type CardFields, type Side } from './fields.ts';
import type { SideReading } from './reading.ts';

/** The fields of one side of the card in a reading, whatever side its image was declared as. */
function fieldsOf(reading: SideReading, side: Side): Partial<CardFields> {
  const names: readonly (keyof CardFields)[] = CARD_FIELDS_OF_SIDE[side];
  return Object.fromEntries(names.filter((name) => reading.card[name] !== undefined).map((n) => [n, reading.card[n]]));
}

function rank(reading: SideReading, side: Side): number[] {
  const shows = reading.shownSide === side ? 1 : 0;
  const declared = reading.declaredSide === side ? 1 : 0;
  return [shows, declared, Object.keys(fieldsOf(reading, side)).length];
}

/**
 * The reading that represents one side of the card: one that shows it; among those the one declared as it, then the
 * one with more fields, then the earlier. `undefined` when no image gave a field of that side.
 */
export function readingOf(readings: readonly SideReading[], side: Side): SideReading | undefined {
  const candidates = readings.filter((reading) => Object.keys(fieldsOf(reading, side)).length > 0);
  return candidates.toSorted((a, b) => {
    const [ra, rb] = [rank(a, side), rank(b, side)];
    const at = ra.findIndex((value, i) => value !== rb[i]);
    return at === -1 ? 0 : rb[at]! - ra[at]!;
  })[0];
}

/** One card from all images; fields that no image gave are absent. */
export function mergeSides(readings: readonly SideReading[]): { card: Partial<CardFields> } {
  const front = readingOf(readings, 'front');
  const back = readingOf(readings, 'back');
  return { card: { ...(front && fieldsOf(front, 'front')), ...(back && fieldsOf(back, 'back')) } };
}
