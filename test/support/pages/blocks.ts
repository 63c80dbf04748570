/** Reads the fenced blocks of the pages for people. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.resolve(import.meta.dirname, '../../..');

/** Paths in the repository. A test compares the Chinese pages with these. */
export const PAGES = [
  'README.md',
  ...globSync(['docs/**/*.md', '{apps,packages}/*/README.md'], { cwd: ROOT }).filter((page) => !page.includes('zh-CN')),
].sort();

export interface Block {
  page: string;
  line: number;
  /** The first word after the fence; empty when there is none. */
  language: string;
  text: string;
}

export function blocksOf(page: string, language?: string): Block[] {
  const text = readFileSync(path.join(ROOT, page), 'utf8');
  return [...text.matchAll(/^```([a-z]*)[^\n]*\n([\s\S]*?)^```$/gm)]
    .map((match) => ({
      page,
      line: text.slice(0, match.index).split('\n').length,
      language: match[1]!,
      text: match[2]!.trim(),
    }))
    .filter((block) => language === undefined || block.language === language);
}

/** The lines of a block, with continued lines joined and comment lines removed. */
export function commandsOf({ text }: Block): string[] {
  const lines = text.replaceAll(/\\\n\s*/g, ' ').split('\n');
  return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
}
