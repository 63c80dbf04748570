/**
 * How long a card is valid. By law: 5 years for holders under 16 at issue, 10 years from 16 to 25, 20 years from 26 to
 * 45, and no end from 46 on. Residence permits are always valid for 5 years.
 */
import { addYears, completedYears, dayNumber, isLeapDay } from './dates.ts';

/** Years, or `'long'` for a card that never expires. */
export type Term = 5 | 10 | 20 | 'long';
const TERMS: readonly Term[] = [5, 10, 20, 'long'];

export interface Validity {
  from: string;
  /** ISO, or `'long'`. */
  until: string;
}

export function termAtAge(age: number): Term {
  if (age < 16) return 5;
  if (age < 26) return 10;
  return age < 46 ? 20 : 'long';
}

/** A difference of one day is accepted: cards show both neighbours of a 29 February that the last year lacks. */
function hasTerm({ from, until }: Validity, term: Term): boolean {
  if (term === 'long' || until === 'long') return term === until;
  const offDays = dayNumber(until) - dayNumber(addYears(from, term));
  return Math.abs(offDays) <= 1;
}

/** A person born on 29 February comes of age on 28 February or 1 March; authorities count differently. */
function termsFor(birthDate: string, from: string): Term[] {
  const term = termAtAge(completedYears(birthDate, from));
  if (!isLeapDay(birthDate) || !from.endsWith('-02-28')) return [term];
  return [term, termAtAge(completedYears(birthDate, `${from.slice(0, 4)}-03-01`))];
}

/**
 * Whether the law has a validity of this length and, if the holder's birth date is known, the right one for the age at
 * issue. Dates are ISO and real.
 */
export function hasLawfulLength(validity: Validity, holder: { birthDate?: string; residencePermit: boolean }): boolean {
  if (holder.residencePermit) return hasTerm(validity, 5);
  const terms = holder.birthDate === undefined ? TERMS : termsFor(holder.birthDate, validity.from);
  return terms.some((term) => hasTerm(validity, term));
}
