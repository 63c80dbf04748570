/**
 * Parses JSON from clients. A scan checks it first, because a parser builds whatever the text describes and keeps the
 * last of two equal members without an error. The scan skips strings natively, so that an image in base64 costs
 * little.
 */
import { type FieldProblem, Problem } from '../problems/index.ts';
import { decodeUtf8 } from '../text/index.ts';
import { pointerToken } from './pointer.ts';
import { findDuplicates } from './scan.ts';

export interface JsonPlace {
  /** The start of a problem's sentences, for example "The line". */
  what?: string;
  /** Prefix of every JSON pointer. */
  prefix?: string;
}

/** Throws Problem `malformed_body`, or `invalid_request` for members that occur twice and text that is not Unicode. */
export function readJson(bytes: Buffer, place: JsonPlace = {}): unknown {
  return parseJson(decodeUtf8(bytes, place.what), place);
}

export function parseJson(text: string, { what = 'The body', prefix = '' }: JsonPlace = {}): unknown {
  const duplicates = findDuplicates(text);
  const value = parsed(text, what);
  if (duplicates.length > 0) throw refused(duplicates.map((pointer) => duplicate(prefix + pointer)));
  // Only an escape can encode half of a character.
  const halves = text.includes('\\u') ? brokenTexts(value, '') : [];
  if (halves.length > 0) throw refused(halves.map((pointer) => broken(prefix + pointer)));
  return value;
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem('malformed_body', `${what} is not JSON.`);
  }
}

/** More errors would not help the reader of the response. */
const MAX_ERRORS = 16;

function refused(errors: FieldProblem[]): Problem {
  return new Problem('invalid_request', undefined, { errors: errors.slice(0, MAX_ERRORS) });
}

function duplicate(pointer: string): FieldProblem {
  return { pointer, code: 'duplicate', detail: 'This member occurs more than once. Send it once.' };
}

function broken(pointer: string): FieldProblem {
  return { pointer, code: 'not_unicode', detail: 'This has half of a character (an unpaired surrogate).' };
}

/** Such text would be stored with U+FFFD in place of each half, so that different texts would become equal. */
function brokenTexts(value: unknown, pointer: string): string[] {
  if (typeof value === 'string') return value.isWellFormed() ? [] : [pointer];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const at = pointer + pointerToken(name);
    return [...(name.isWellFormed() ? [] : [at]), ...brokenTexts(member, at)];
  });
}
