/**
 * Readings of one synthetic person for the tests of this folder; region 99 does not exist. Never imported elsewhere.
 */
import type { CardFields, FieldName } from './fields.ts';
import { checkCharacter } from './id-number.ts';
import type { SideReading } from './reading.ts';

export const TODAY = '2025-06-01';
export const numbered = (digits17: string): string => digits17 + checkCharacter(digits17);

const FRONT_CARD: Partial<CardFields> = {
  name: '样本一',
  sex: 'female',
  ethnicity: '汉',
  birth_date: '1990-03-04',
  address: '样本省样本市样本路1号',
  id_number: numbered('99010119900304002'),
};
const BACK_CARD: Partial<CardFields> = {
  issuing_authority: '样本市公安局',
  valid_from: '2018-05-06',
  valid_until: '2038-05-06',
  valid_long_term: false,
};

/** Drops the keys that a test sets to `undefined`. */
function present<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

type Changes<T> = { [K in keyof T]?: T[K] | undefined };

function reading(
  base: Partial<CardFields>,
  side: 'front' | 'back',
  card: Changes<CardFields>,
  rest: Changes<SideReading>,
) {
  const all = present({ ...base, ...card }) as Partial<CardFields>;
  const named = Object.entries(all).filter(([name]) => name !== 'valid_long_term');
  const fields = Object.fromEntries(
    named.map(([name, text]): [FieldName, { text: string }] => [name as FieldName, { text: String(text) }]),
  );
  const whole = {
    declaredSide: side,
    shownSide: Object.keys(all).length > 0 ? side : null,
    image_status: 'normal',
    fields,
    card: all,
    provider: 'specimen',
    ...rest,
  };
  return present(whole) as SideReading;
}

export const front = (card: Changes<CardFields> = {}, rest: Changes<SideReading> = {}): SideReading =>
  reading(FRONT_CARD, 'front', card, { number_check: 'consistent', ...rest });

export const back = (card: Changes<CardFields> = {}, rest: Changes<SideReading> = {}): SideReading =>
  reading(BACK_CARD, 'back', card, rest);

/** An image of which nothing could be read. */
export const blank = (side: 'front' | 'back', rest: Changes<SideReading> = {}): SideReading =>
  reading({}, side, {}, { image_status: 'blurred', ...rest });
