/**
 * The citizen identification number of GB 11643: six digits for the region, eight for the birth date, three for the
 * sequence, and a check character (ISO 7064 MOD 11-2). The region is that of the first registration and may have been
 * abolished since, so it is not checked.
 */
import { DefectError } from '@cardseal/base/errors';
import { isRealDate } from './dates.ts';

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK_CHARACTERS = '10X98765432';
const SHAPE = /^\d{17}[\dX]$/;
/** Residence permits of people from Hong Kong, Macau and Taiwan have numbers of the same form. */
const RESIDENCE_PERMIT_REGIONS = new Set(['810000', '820000', '830000']);

export interface IdNumber {
  /** Six digits. */
  region: string;
  /** ISO, or `null` when digits 7–14 are not a date of the calendar. */
  birthDate: string | null;
  /** Three digits; odd for male. */
  sequence: string;
  sex: 'male' | 'female';
  /** Whether the last character is the check character of the first seventeen. */
  checkCharacterRight: boolean;
  residencePermit: boolean;
}

/** The check character of 17 digits. Throws `DefectError('id_number_digits_malformed')` for anything else. */
export function checkCharacter(digits17: string): string {
  if (!/^\d{17}$/.test(digits17)) throw new DefectError('id_number_digits_malformed');
  const sum = WEIGHTS.reduce((total, weight, i) => total + weight * Number(digits17[i]), 0);
  return CHECK_CHARACTERS[sum % 11]!;
}

/** The parts of a number, or `null` when the text is not 17 digits followed by a digit or `X`. */
export function parseIdNumber(text: string): IdNumber | null {
  if (!SHAPE.test(text)) return null;
  const birthDate = `${text.slice(6, 10)}-${text.slice(10, 12)}-${text.slice(12, 14)}`;
  const region = text.slice(0, 6);
  return {
    region,
    birthDate: isRealDate(birthDate) ? birthDate : null,
    sequence: text.slice(14, 17),
    sex: Number(text[16]) % 2 === 1 ? 'male' : 'female',
    checkCharacterRight: checkCharacter(text.slice(0, 17)) === text[17],
    residencePermit: RESIDENCE_PERMIT_REGIONS.has(region),
  };
}
