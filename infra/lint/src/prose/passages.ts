/**
 * Finds the prose of a file: comments, test names and longer texts of programs, comments of configuration files and
 * scripts, and Markdown.
 */
import path from 'node:path';
import { codePassages } from './code-passages.ts';
import { type Passage, paragraphs } from './passage.ts';

const CODE = new Set(['.ts', '.mts', '.js', '.mjs']);
const HASH = /(?:^|\s)#+(?=\s|$)/;
const COMMENT_SIGN: Readonly<Record<string, RegExp>> = {
  '.yaml': HASH,
  '.yml': HASH,
  '.sh': HASH,
  '.toml': HASH,
  '.conf': HASH,
  '.lua': /--+/,
};

/** Returns nothing for a kind of file that holds no prose. */
export function passagesOf(file: string, text: string): Passage[] {
  const extension = path.extname(file);
  if (extension === '.md') return markdownPassages(text);
  if (CODE.has(extension)) return codePassages(file, text);
  const sign = path.basename(file).startsWith('Dockerfile') ? HASH : COMMENT_SIGN[extension];
  return sign === undefined ? [] : lineCommentPassages(text, sign);
}

function markdownPassages(text: string): Passage[] {
  let fenced = false;
  const lines = text.split('\n').map((line, index) => {
    const isFence = /^\s*(?:```|~~~)/.test(line);
    if (isFence) fenced = !fenced;
    return { number: index + 1, text: fenced || isFence ? '' : line };
  });
  return paragraphs('markdown', lines);
}

function lineCommentPassages(text: string, sign: RegExp): Passage[] {
  const lines = text.split('\n').map((line, index) => {
    const found = sign.exec(line);
    return { number: index + 1, text: found === null ? '' : line.slice(found.index + found[0].length) };
  });
  return paragraphs('comment', lines);
}
