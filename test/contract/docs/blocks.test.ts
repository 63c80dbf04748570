/**
 * Every fenced block in the docs is checked: a test runs it as a command, or a table gives the reason why not, or
 * another test reads it.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Block, blocksOf, commandsOf, PAGES, ROOT } from '../../support/pages/blocks.ts';
import { NOT_RUN } from '../../support/pages/not-run.ts';

const blocks = PAGES.flatMap((page) => blocksOf(page));
const at = ({ page, line, language }: Block) => `${page}:${line} ${language}`;

/**
 * The test that reads the blocks of a language, by page where there are several. People alone read diagrams (`text`).
 */
const READERS: Record<string, Record<string, string>> = {
  sh: {
    'docs/use/quickstart.md': 'test/e2e/quickstart.test.ts',
    'docs/operate/runbook/': 'test/e2e/runbook.test.ts',
    'docs/develop/debugging.md': 'test/contract/docs/entry-pages.test.ts',
    'docs/develop/testing.md': 'test/contract/docs/entry-pages.test.ts',
    '': 'test/e2e/pages/commands.test.ts',
  },
  ts: { '': 'test/e2e/pages/examples.test.ts' },
  http: { '': 'test/e2e/pages/examples.test.ts' },
  json: {
    'docs/use/images.md': 'packages/idcard/src/image/images-page.test.ts',
    'docs/use/checks.md': 'packages/idcard/src/card/checks-page.test.ts',
    '': 'test/e2e/pages/examples.test.ts',
  },
  mermaid: { 'docs/use/api.md': 'test/contract/api/states.test.ts' },
  python: { 'docs/use/webhooks.md': 'test/interop/webhook-verifiers.ts' },
  java: { 'docs/use/webhooks.md': 'test/interop/webhook-verifiers.ts' },
};

function readerOf({ page, language }: Block): string | undefined {
  return Object.entries(READERS[language] ?? {}).find(([start]) => page.startsWith(start))?.[1];
}

describe('fenced blocks', () => {
  it('name their language, and a test reads them', () => {
    expect(blocks.length).toBeGreaterThan(50);
    expect(blocks.filter(({ language }) => language !== 'text' && !READERS[language]).map(at)).toEqual([]);
    const read = blocks.filter(({ language }) => language !== 'text');
    expect(read.filter((block) => !readerOf(block)).map(at)).toEqual([]);
    for (const block of read) {
      const text = readFileSync(path.join(ROOT, readerOf(block)!), 'utf8');
      const name = path.basename(block.page);
      // The test names the page or reads all pages.
      expect(text.includes(name) || /\bPAGES\b|readdirSync/.test(text), at(block)).toBe(true);
    }
  });

  it('are called text only when they are no command', () => {
    const command = /^\s*(?:\$ |npm |npx |node |cardseal |curl |docker |kubectl |javac? |redis-cli |export |import )/m;
    expect(blocks.filter(({ language, text }) => language === 'text' && command.test(text)).map(at)).toEqual([]);
  });

  it('are skipped only with a reason and an existing test instead', () => {
    for (const { page, command, because, instead } of NOT_RUN) {
      const lines = blocksOf(page, 'sh').flatMap(commandsOf);
      expect(
        lines.filter((line) => line.startsWith(command)),
        command,
      ).toHaveLength(1);
      expect(because).toMatch(/\w{3}/);
      expect(existsSync(path.join(ROOT, instead)), instead).toBe(true);
    }
  });
});
