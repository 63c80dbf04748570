/**
 * The masked result, for readers that may see that a card was read, but not whose it is. It is built key by key from
 * an allow-list, so that a new field stays hidden until someone decides otherwise.
 */
import { type CardFields, FIELD_NAMES, type FieldName } from './fields.ts';
import type { FieldReading } from './reading.ts';
import type { Result, SideResult } from './result.ts';

const HIDDEN = '***';

/** The first character of the surname; the number of stars does not reveal the length. */
function maskName(name: string): string {
  const [first] = name;
  return first === undefined ? HIDDEN : `${first}**`;
}

/** The last two characters after the stars of a full number, whatever was read. */
function maskNumber(number: string): string {
  return number.length < 15 ? HIDDEN : `${'*'.repeat(16)}${number.slice(-2)}`;
}

/** The year only, in the punctuation of the text; masked text stays as it is. */
function maskDate(text: string): string {
  if (text === '长期') return text;
  if (/^\d{4}(?:\d{4}|\*{4})$/.test(text)) return `${text.slice(0, 4)}****`;
  return /^\d{4}-(?:\d{2}-\d{2}|\*{2}-\*{2})$/.test(text) ? `${text.slice(0, 4)}-**-**` : HIDDEN;
}

function maskSex(text: string): string {
  return ['male', 'female', '男', '女'].includes(text) ? text : HIDDEN;
}

const MASKS: Record<FieldName, (text: string) => string> = {
  name: maskName,
  sex: maskSex,
  ethnicity: () => HIDDEN,
  birth_date: maskDate,
  address: () => HIDDEN,
  id_number: maskNumber,
  issuing_authority: () => HIDDEN,
  valid_from: maskDate,
  valid_until: maskDate,
};

function maskCard(card: Partial<CardFields>): Partial<CardFields> {
  const present = FIELD_NAMES.filter((name) => card[name] !== undefined);
  const masked = Object.fromEntries(present.map((name) => [name, MASKS[name](card[name]!)]));
  return { ...masked, ...(card.valid_long_term === undefined ? {} : { valid_long_term: card.valid_long_term }) };
}

/** Texts are masked like the card. Boxes are removed, because their width reveals the length of the hidden text. */
function maskFields(fields: SideResult['fields']): SideResult['fields'] {
  const present = FIELD_NAMES.filter((name) => fields[name] !== undefined);
  return Object.fromEntries(
    present.map((name): [FieldName, FieldReading] => [name, { text: MASKS[name](fields[name]!.text) }]),
  );
}

function maskSide(side: SideResult): SideResult {
  const { image_status, direction, risk, quality, number_check, portrait, card, adjusted, log_id, provider } = side;
  // The positions of portrait and card reveal nothing about the holder; the positions of fields do.
  const shown = { image_status, direction, risk, quality, number_check, portrait, card, adjusted, log_id, provider };
  const present = Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== undefined));
  return { ...(present as Omit<SideResult, 'fields'>), fields: maskFields(side.fields) };
}

/**
 * A new result without what identifies the holder; `docs/use/checks.md` says what remains. Masking twice changes
 * nothing.
 */
export function maskResult(result: Result): Result {
  const sides = Object.entries(result.sides).map(([name, side]) => [name, maskSide(side)]);
  return {
    card: maskCard(result.card),
    sides: Object.fromEntries(sides),
    checks: result.checks.map((check) => ({ ...check })),
    verdict: result.verdict,
  };
}
