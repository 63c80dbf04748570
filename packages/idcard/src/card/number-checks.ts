/** Checks of the number on the front: its check character, and whether it agrees with the printed fields. */
import type { Check, CheckCode, CheckOutcome } from './checks.ts';
import { type IdNumber, parseIdNumber } from './id-number.ts';
import type { NumberCheck, SideReading } from './reading.ts';

const PROVIDER_FAILS: readonly NumberCheck[] = [
  'number_illegal',
  'sex_and_birth_date_differ',
  'birth_date_differs',
  'sex_differs',
];

function birthDate(number: IdNumber, front: SideReading, today: string): CheckOutcome | undefined {
  if (number.birthDate === null || number.birthDate > today) return 'fail';
  if (front.card.birth_date) return number.birthDate === front.card.birth_date ? 'pass' : 'fail';
  // A printed text that is not a date differs from a date. A missing text gives no check.
  return front.fields.birth_date ? 'fail' : undefined;
}

function sex(number: IdNumber, printed: string | undefined): CheckOutcome | undefined {
  if (printed !== 'male' && printed !== 'female') return undefined;
  return number.sex === printed ? 'pass' : 'fail';
}

function provider(check: NumberCheck | undefined): CheckOutcome | undefined {
  if (check === undefined || check === 'fields_empty') return undefined;
  if (check === 'consistent') return 'pass';
  return PROVIDER_FAILS.includes(check) ? 'fail' : 'warn';
}

/** All checks of the number in the reading that represents the front. `today` is ISO, in Asia/Shanghai. */
export function checkNumber(front: SideReading, today: string): Check[] {
  const text = front.card.id_number;
  const number = text === undefined ? null : parseIdNumber(text);
  const outcomes: [CheckCode, CheckOutcome | undefined][] = [
    ['number_checksum', text === undefined ? undefined : number?.checkCharacterRight ? 'pass' : 'fail'],
    ['number_birth_date', number ? birthDate(number, front, today) : undefined],
    ['number_sex', number ? sex(number, front.card.sex) : undefined],
    ['number_provider', provider(front.number_check)],
    ['residence_permit', number ? (number.residencePermit ? 'warn' : 'pass') : undefined],
  ];
  return outcomes.flatMap(([code, outcome]) => (outcome ? [{ code, outcome, side: 'front' as const }] : []));
}
