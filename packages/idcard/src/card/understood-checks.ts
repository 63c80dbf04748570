/**
 * Checks that every text with a typed value was understood. Without this check, an unreadable sex or date would only
 * remove other checks, and the verdict could be `clear`.
 */
import type { Check } from './checks.ts';
import { BACK_FIELDS, type FieldName, FRONT_FIELDS, type Side } from './fields.ts';
import type { SideReading } from './reading.ts';

/** A text was read, but the card has no value for it, or only `other:…`. */
function isNotUnderstood({ fields, card }: SideReading, name: FieldName): boolean {
  if (fields[name] === undefined) return false;
  if (name === 'valid_until' && card.valid_long_term === true) return false;
  return card[name] === undefined || card[name].startsWith('other:');
}

/** One warning per side of the card, whichever image shows it; none when everything was understood. */
export function checkUnderstood(readings: readonly SideReading[]): Check[] {
  const names: Record<Side, readonly FieldName[]> = { front: FRONT_FIELDS, back: BACK_FIELDS };
  const sides: readonly Side[] = ['front', 'back'];
  return sides
    .filter((side) => readings.some((reading) => names[side].some((name) => isNotUnderstood(reading, name))))
    .map((side) => ({ code: 'fields_understood', outcome: 'warn', side }));
}
