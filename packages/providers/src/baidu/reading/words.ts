/**
 * `words_result`: an array in the documentation, and on the wire an object keyed by the Chinese captions of the card.
 * Accepts both, and also missing keys and unexpected types.
 */
import {
  type Box,
  FIELD_NAMES,
  type FieldName,
  type FieldReading,
  FRONT_FIELDS,
  type Side,
} from '@cardseal/idcard/card';
import { isObject, type JsonObject } from './parse.ts';

const CAPTIONS: Record<FieldName, string> = {
  name: '姓名',
  sex: '性别',
  ethnicity: '民族',
  birth_date: '出生',
  address: '住址',
  id_number: '公民身份号码',
  issuing_authority: '签发机关',
  valid_from: '签发日期',
  valid_until: '失效日期',
};

const MAX_TEXT_CHARACTERS = 256;
const MAX_ARRAY_ENTRIES = 64;

/** A finite number, also when it was sent as a string. Adding 0 turns -0, which JSON cannot write, into 0. */
export function readNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : undefined;
  if (typeof value !== 'string' || !/^-?\d{1,9}(?:\.\d{1,9})?$/.test(value.trim())) return undefined;
  return Number(value) + 0;
}

/** A text without control characters and surrounding blanks; `undefined` when it is empty. */
export function readText(value: unknown, maxCharacters: number): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const text = String(value)
    .slice(0, maxCharacters)
    .replace(/\p{Cc}/gu, '')
    .trim()
    .toWellFormed();
  return text === '' ? undefined : text;
}

/** The box in pixels; `undefined` unless all four numbers are present. */
export function readBox(location: unknown): Box | undefined {
  if (!isObject(location)) return undefined;
  const [left, top, width, height] = [location.left, location.top, location.width, location.height].map(readNumber);
  if (left === undefined || top === undefined || width === undefined || height === undefined) return undefined;
  return { left, top, width, height };
}

function readField(entry: unknown): FieldReading | undefined {
  const text = readText(isObject(entry) ? entry.words : entry, MAX_TEXT_CHARACTERS);
  if (text === undefined) return undefined;
  const box = isObject(entry) ? readBox(entry.location) : undefined;
  return box ? { text, box } : { text };
}

/**
 * The documented array in its two possible forms (inferred; neither was observed): `{caption: entry}`, or `{name
 * key: caption, words, location}` per element. The first entry of a caption counts.
 */
function fromArray(elements: unknown[]): Map<string, unknown> {
  const byCaption = new Map<string, unknown>();
  for (const element of elements.slice(0, MAX_ARRAY_ENTRIES)) {
    if (!isObject(element)) continue;
    const caption = element.name ?? element.key;
    const found: [string, unknown][] = typeof caption === 'string' ? [[caption, element]] : Object.entries(element);
    for (const [key, entry] of found) if (!byCaption.has(key)) byCaption.set(key, entry);
  }
  return byCaption;
}

function captionsOf(words: unknown): Map<string, unknown> {
  if (Array.isArray(words)) return fromArray(words);
  return new Map(isObject(words) ? Object.entries(words) : []);
}

export type Fields = Partial<Record<FieldName, FieldReading>>;

/** The fields that have text, by their English names. */
export function readFields(reply: JsonObject): Fields {
  const byCaption = captionsOf(reply.words_result);
  const fields: Fields = {};
  for (const name of FIELD_NAMES) {
    const field = readField(byCaption.get(CAPTIONS[name]));
    if (field) fields[name] = field;
  }
  return fields;
}

/** The side that most fields belong to; `declared` on a tie, `null` without fields. */
export function sideShown(fields: Fields, declared: Side): Side | null {
  const names = Object.keys(fields) as FieldName[];
  const front = names.filter((name) => (FRONT_FIELDS as readonly FieldName[]).includes(name)).length;
  const back = names.length - front;
  if (names.length === 0) return null;
  if (front === back) return declared;
  return front > back ? 'front' : 'back';
}
