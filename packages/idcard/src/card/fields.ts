/**
 * The printed fields of a card with stable English keys. Provider-neutral: each provider's reader translates its words
 * into these, and code in this folder never sees a provider's spelling.
 */

export type Side = 'front' | 'back';

export const FRONT_FIELDS = ['name', 'sex', 'ethnicity', 'birth_date', 'address', 'id_number'] as const;
export const BACK_FIELDS = ['issuing_authority', 'valid_from', 'valid_until'] as const;
export const FIELD_NAMES = [...FRONT_FIELDS, ...BACK_FIELDS] as const;
export type FieldName = (typeof FIELD_NAMES)[number];

/** A value of an open set that this version does not know; `value` has at most 40 characters of `[a-z0-9_-]`. */
export type Other = `other:${string}`;

/** The typed card. Dates are ISO (`YYYY-MM-DD`) and real; names, address, ethnicity and authority stay Chinese. */
export interface CardFields {
  /** With U+00B7 for every dot; `fields` keeps the dot as read. */
  name: string;
  sex: 'male' | 'female' | Other;
  /** As printed, without the final 族. */
  ethnicity: string;
  birth_date: string;
  address: string;
  /** As printed, without blanks, `X` in upper case; not always 18 characters. */
  id_number: string;
  issuing_authority: string;
  valid_from: string;
  /** Absent on a card that never expires. */
  valid_until: string;
  /** `true` for a card that never expires, `false` with a `valid_until`; absent when neither was read. */
  valid_long_term: boolean;
}

/** Which card fields belong to which side of the card. */
export const CARD_FIELDS_OF_SIDE = {
  front: FRONT_FIELDS,
  back: [...BACK_FIELDS, 'valid_long_term'],
} as const satisfies Record<Side, readonly (keyof CardFields)[]>;

const OTHER_VALUE = /^[a-z0-9_-]{1,40}$/;

/** `other:<value>`; a value that is not a short plain word becomes `other:unknown`, so that no payload passes. */
export function other(value: string): Other {
  const word = value.trim().toLowerCase();
  return OTHER_VALUE.test(word) ? `other:${word}` : 'other:unknown';
}
