/**
 * Joins a Redis script with its includes, as `@cardseal/base/lua` does when a process starts, and keeps for each line
 * of the result the file and line that it comes from.
 */
import path from 'node:path';

const INCLUDE = /^--- @include "([\w-]+)"$/;
/** `--- @constants a, b`: names that the loader defines in front of the script. */
const CONSTANTS = /^--- @constants (.+)$/;

export interface Script {
  readonly text: string;
  readonly constants: readonly string[];
  /** The script and its includes. */
  readonly files: ReadonlySet<string>;
  /** Where a line of `text` comes from; lines count from 1. */
  place(line: number): Place;
}

interface Place {
  readonly file: string;
  readonly line: number;
}

/** A script runs by itself; a file in `includes/` is only a part of scripts. */
export function isScript(file: string): boolean {
  return file.endsWith('.lua') && path.posix.basename(path.posix.dirname(file)) !== 'includes';
}

/** Throws when an include is missing. `read` returns a file's text. */
export function joinScript(file: string, read: (file: string) => string): Script {
  const lines: (Place & { text: string })[] = [];
  for (const [index, text] of read(file).split('\n').entries()) {
    const included = INCLUDE.exec(text)?.[1];
    if (included === undefined) lines.push({ file, line: index + 1, text });
    else lines.push(...includedLines(path.posix.join(path.posix.dirname(file), 'includes', `${included}.lua`), read));
  }
  return {
    text: lines.map(({ text }) => text).join('\n'),
    constants: lines.flatMap(({ text }) => CONSTANTS.exec(text)?.[1]?.split(/,\s*/) ?? []),
    files: new Set(lines.map((line) => line.file)),
    place: (line) => lines[line - 1]!,
  };
}

function includedLines(file: string, read: (file: string) => string) {
  return read(file)
    .split('\n')
    .map((text, index) => ({ file, line: index + 1, text }));
}
