/**
 * One pass over the structure of a JSON text: limits its depth and size, and finds members that occur twice. It does
 * not validate: `JSON.parse` refuses what is not JSON. The result for a text that is not JSON has no meaning.
 */
import { Problem } from '../problems/index.ts';
import { pointerToken } from './pointer.ts';

export const MAX_DEPTH = 32;
/** Characters outside of strings: brackets, commas, numbers and blanks. */
export const MAX_STRUCTURE_CHARS = 64 * 1024;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

/** One object or list that is open. */
interface Frame {
  isObject: boolean;
  /** The next string is the name of a member. */
  awaitsName: boolean;
  names: Set<string> | undefined;
  /** Describes the member that is being scanned. */
  name: string;
  position: number;
}

/**
 * JSON pointers of the members that occur again in their object.
 * @throws Problem `malformed_body` for a text that is nested too deep, has too many members, or names a prototype.
 */
export function findDuplicates(text: string): string[] {
  const duplicates: string[] = [];
  const open: Frame[] = [];
  let top: Frame | undefined;
  let structure = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) {
      const end = endOfString(text, at);
      if (top?.awaitsName) addName(open, top, nameOf(text.slice(at + 1, end)), duplicates);
      at = end;
    } else if (char === COMMA && top) {
      top.awaitsName = top.isObject;
      top.position++;
    } else if ((char | 0x20) === 0x7b) {
      // `[` and `{`, `]` and `}` differ in one bit.
      const isObject = char === 0x7b;
      top = { isObject, awaitsName: isObject, names: undefined, name: '', position: 0 };
      open.push(top);
      if (open.length > MAX_DEPTH) throw new Problem('malformed_body', `JSON may be nested ${MAX_DEPTH} deep.`);
    } else if ((char | 0x20) === 0x7d) {
      open.pop();
      top = open.at(-1);
    }
    if (++structure > MAX_STRUCTURE_CHARS) throw new Problem('malformed_body', 'The JSON has too many members.');
  }
  return duplicates;
}

function addName(open: readonly Frame[], top: Frame, name: string, duplicates: string[]): void {
  const holder = open.at(-2);
  // An object with these members could change what other objects are.
  if (name === '__proto__' || (name === 'prototype' && holder?.isObject && holder.name === 'constructor')) {
    throw new Problem('malformed_body', 'The JSON has a member that names a prototype.');
  }
  top.name = name;
  top.awaitsName = false;
  top.names ??= new Set();
  if (top.names.has(name))
    duplicates.push(open.map((frame) => pointerToken(frame.isObject ? frame.name : frame.position)).join(''));
  else top.names.add(name);
}

/** Two names are equal when they mean the same characters, however they are escaped. */
function nameOf(raw: string): string {
  if (!raw.includes('\\')) return raw;
  try {
    return JSON.parse(`"${raw}"`);
  } catch {
    return raw;
  }
}

/** The end of the string that opens at `from`; the end of the text when it does not close. */
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
