/**
 * JSON from outside: judged by a scan before it is parsed, because a parser builds whatever it is told to. Long
 * strings, which are pictures in base64, are skipped natively, so that they cost next to nothing.
 */
import { Problem } from '../problems/index.ts';

export const MAX_DEPTH = 32;
/** Characters outside of strings: what there is of brackets, commas, numbers and blanks. */
export const MAX_STRUCTURE_CHARS = 64 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Throws Problem `malformed_body`. */
export function parseJson(text: string, detail = 'The body is not JSON.'): unknown {
  checkStructure(text);
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem('malformed_body', detail);
  }
}

/** Throws Problem `malformed_body` for what is nested too deep or has too many members, whether or not it is JSON. */
export function checkStructure(text: string): void {
  let depth = 0;
  let structure = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) at = endOfString(text, at);
    // `[` and `{`, `]` and `}` differ in one bit.
    else if ((char | 0x20) === 0x7b) depth++;
    else if ((char | 0x20) === 0x7d) depth--;
    if (depth > MAX_DEPTH) throw new Problem('malformed_body', `JSON may be nested ${MAX_DEPTH} deep.`);
    if (++structure > MAX_STRUCTURE_CHARS) throw new Problem('malformed_body', 'The JSON has too many members.');
  }
}

/** Where the string that opens at `from` closes; the end of the text when it does not. */
function endOfString(text: string, from: number): number {
  let at = from;
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return at;
  }
}
