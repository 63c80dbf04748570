/**
 * Decodes the text of a request body. Node's own decoder replaces every byte that is not UTF-8 by U+FFFD: a stored
 * reference would no longer find its job, and different references would become equal. Such a body is therefore
 * refused.
 */
import { isUtf8 } from 'node:buffer';
import { MIMEType } from 'node:util';
import { Problem } from '../problems/index.ts';

/** ASCII is a subset of UTF-8. */
const UTF8_NAMES = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii']);

const MARKS: readonly [encoding: string, bytes: readonly number[]][] = [
  ['UTF-32', [0xff, 0xfe, 0x00, 0x00]],
  ['UTF-32', [0x00, 0x00, 0xfe, 0xff]],
  ['UTF-16', [0xff, 0xfe]],
  ['UTF-16', [0xfe, 0xff]],
];
const UTF8_MARK = Buffer.from('\ufeff');

/**
 * The text without a byte-order mark.
 * @param what begins the sentence of the problem, such as "The line".
 * @throws Problem `malformed_body`
 */
export function decodeUtf8(bytes: Buffer, what = 'The body'): string {
  const other = otherEncoding(bytes);
  if (other !== null) throw new Problem('malformed_body', `${what} is ${other}. Send it as UTF-8.`);
  if (!isUtf8(bytes)) throw new Problem('malformed_body', `${what} is not UTF-8. Send text in UTF-8 only.`);
  const start = bytes.subarray(0, UTF8_MARK.length).equals(UTF8_MARK) ? UTF8_MARK.length : 0;
  return bytes.toString('utf8', start);
}

/**
 * Throws Problem `unsupported_media_type` when the type names a charset other than UTF-8. Ignores a type that cannot be
 * parsed: the content type parsers handle it.
 */
export function checkCharset(contentType: string | undefined, what = 'The body'): void {
  const charset = charsetOf(contentType ?? '');
  if (charset === null || UTF8_NAMES.has(charset.toLowerCase())) return;
  throw new Problem('unsupported_media_type', `${what} has a charset that is not read. Send text in UTF-8 only.`);
}

function charsetOf(contentType: string): string | null {
  try {
    return new MIMEType(contentType).params.get('charset');
  } catch {
    return null;
  }
}

/** ASCII text in UTF-16 or UTF-32 is also valid UTF-8, with a zero next to every character. */
function otherEncoding(bytes: Buffer): string | null {
  const marked = MARKS.find(([, mark]) => mark.every((byte, at) => bytes[at] === byte));
  if (marked) return marked[0];
  const zeros = [...bytes.subarray(0, 4)].filter((byte) => byte === 0).length;
  if (bytes.length < 2 || zeros === 0) return null;
  return zeros === 3 ? 'UTF-32' : 'UTF-16';
}
