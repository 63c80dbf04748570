/**
 * Parses decrypted bytes to a JSON object. Size, depth and number of values are limited before the parser sees them: a
 * reply that was decrypted with a wrong key is noise, and noise may have any content. Nothing of it may reach an
 * error.
 */
import { isUtf8 } from 'node:buffer';
import { TransientError } from '@cardseal/base/errors';

export const MAX_REPLY_BYTES = 8 * 1024 * 1024;
const MAX_DEPTH = 16;
/** A reply has some fifty values. Commas and opening brackets are counted, which is an upper bound. */
const MAX_VALUES = 10_000;

export type JsonObject = { readonly [key: string]: unknown };

type Reason = 'too_large' | 'not_utf8' | 'too_deep' | 'too_many_values' | 'not_json' | 'not_a_reply';

/** No cause: the parser's message quotes the text. */
function unreadable(reason: Reason): TransientError {
  return new TransientError('upstream_reply_unreadable', {
    fields: { upstreamClass: 'crypto', billed: 'yes', reason },
  });
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
/** `[` and `{` differ in one bit, as do `]` and `}`. */
const OPENING = 0x5b;
const CLOSING = 0x5d;
const BRACE_BIT = 0x20;

/** Index of the quote that ends the string opened just before `from`, or -1. */
function endOfString(bytes: Buffer, from: number): number {
  for (let end = bytes.indexOf(QUOTE, from); end !== -1; end = bytes.indexOf(QUOTE, end + 1)) {
    let backslashes = 0;
    while (end - 1 - backslashes >= from && bytes[end - 1 - backslashes] === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return -1;
}

/** One pass over the brackets and commas outside strings. */
function assertBounded(bytes: Buffer): void {
  let depth = 0;
  let values = 0;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i]!;
    if (byte === QUOTE) {
      i = endOfString(bytes, i + 1);
      if (i === -1) throw unreadable('not_json');
    } else if ((byte & ~BRACE_BIT) === OPENING) {
      depth += 1;
      values += 1;
      if (depth > MAX_DEPTH) throw unreadable('too_deep');
    } else if ((byte & ~BRACE_BIT) === CLOSING) depth -= 1;
    else if (byte === COMMA) values += 1;
    if (values > MAX_VALUES) throw unreadable('too_many_values');
  }
}

/** The reviver's third argument (ES2025) is not in TypeScript's library yet. */
type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;
const parseJson = JSON.parse as (text: string, reviver: Reviver) => unknown;

/** `log_id` exceeds 2^53, and a text sent as a number may have 18 digits: both keep their digits. */
const keepDigits: Reviver = (key, value, { source }) =>
  typeof value === 'number' && (key === 'log_id' || key === 'words') ? source : value;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The reply as an object that has `words_result` or `image_status`. Throws
 * `TransientError('upstream_reply_unreadable')` with `upstreamClass: 'crypto'` for everything else.
 */
export function parseReply(plaintext: Uint8Array | string): JsonObject {
  if (plaintext.length > MAX_REPLY_BYTES) throw unreadable('too_large');
  const bytes =
    typeof plaintext === 'string'
      ? Buffer.from(plaintext)
      : Buffer.from(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength);
  if (bytes.length > MAX_REPLY_BYTES) throw unreadable('too_large');
  if (!isUtf8(bytes)) throw unreadable('not_utf8');
  assertBounded(bytes);
  let reply: unknown;
  try {
    reply = parseJson(bytes.toString('utf8').replace(/^\uFEFF/, ''), keepDigits);
  } catch {
    throw unreadable('not_json');
  }
  if (!isObject(reply) || !(Object.hasOwn(reply, 'words_result') || Object.hasOwn(reply, 'image_status'))) {
    throw unreadable('not_a_reply');
  }
  return reply;
}
