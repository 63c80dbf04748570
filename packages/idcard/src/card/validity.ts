/**
 * How long a card is valid. The law knows 5 years for holders under 16 at issue, 10 from 16 to 25, 20 from 26 to 45,
 * and no end from 46 on; residence permits always have 5 years.
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

/** One day off is let pass: both neighbours of a 29 February that the last year lacks are printed. */
function hasTerm({ from, until }: Validity, term: Term): boolean {
  if (term === 'long' || until === 'long') return term === until;
  const offDays = dayNumber(until) - dayNumber(addYears(from, term));
  return Math.abs(offDays) <= 1;
}

/** Who was born on 29 February comes of age on 28 February or 1 March, depending on who counts. */
function termsFor(birthDate: string, from: string): Term[] {
  const term = termAtAge(completedYears(birthDate, from));
  if (!isLeapDay(birthDate) || !from.endsWith('-02-28')) return [term];
  return [term, termAtAge(completedYears(birthDate, `${from.slice(0, 4)}-03-01`))];
}

/**
 * Whether the length is one that the law knows and, where the holder's birth date is known, the one for their age at
 * issue. Dates are ISO and real.
 */
export function hasLawfulLength(validity: Validity, holder: { birthDate?: string; residencePermit: boolean }): boolean {
  if (holder.residencePermit) return hasTerm(validity, 5);
  const terms = holder.birthDate === undefined ? TERMS : termsFor(holder.birthDate, validity.from);
  return terms.some((term) => hasTerm(validity, term));
}
