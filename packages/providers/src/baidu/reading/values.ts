/**
 * Converts the texts of a card to typed values. A text without a typed value stays in `fields` as it was read and is
 * absent from the card: nothing is guessed.
 */
import { type CardFields, isRealDate, other, withOneDot, withoutZu } from '@cardseal/idcard/card';
import type { Fields } from './words.ts';

const LONG_TERM = '长期';
const DATE = /^(\d{4})(\d{2})(\d{2})$/;
const SEPARATED_DATE = /^(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?$/;

/** Converts full-width letters and digits to plain ones and removes inner blanks. */
function compact(text: string): string {
  return text.normalize('NFKC').replace(/\s/g, '');
}

/** ISO, from `YYYYMMDD` as sent or from the separated forms that an OCR engine may return. */
function readDate(text: string): string | undefined {
  const plain = compact(text);
  const [, year, month, day] = DATE.exec(plain) ?? SEPARATED_DATE.exec(plain) ?? [];
  if (year === undefined || month === undefined || day === undefined) return undefined;
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  return isRealDate(date) ? date : undefined;
}

function readSex(text: string): CardFields['sex'] {
  if (text === '男') return 'male';
  return text === '女' ? 'female' : other(text);
}

function readUntil(text: string): Pick<Partial<CardFields>, 'valid_until' | 'valid_long_term'> {
  if (compact(text) === LONG_TERM) return { valid_long_term: true };
  const date = readDate(text);
  return date === undefined ? {} : { valid_until: date, valid_long_term: false };
}

/** The typed card of one image; only the keys that have a value. */
export function readCard(fields: Fields): Partial<CardFields> {
  const on = <T>(text: string | undefined, read: (text: string) => T) => (text === undefined ? undefined : read(text));
  const card: { [K in keyof CardFields]?: CardFields[K] | undefined } = {
    name: on(fields.name?.text, withOneDot),
    sex: on(fields.sex?.text, readSex),
    ethnicity: on(fields.ethnicity?.text, withoutZu),
    birth_date: on(fields.birth_date?.text, readDate),
    address: fields.address?.text,
    id_number: on(fields.id_number?.text, (text) => compact(text).toUpperCase()),
    issuing_authority: fields.issuing_authority?.text,
    valid_from: on(fields.valid_from?.text, readDate),
    ...on(fields.valid_until?.text, readUntil),
  };
  return Object.fromEntries(Object.entries(card).filter(([, value]) => value !== undefined)) as Partial<CardFields>;
}
