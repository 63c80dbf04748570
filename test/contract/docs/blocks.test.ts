/** Nothing on a page stands between fences for decoration: a command runs in a test, or a table says why not; the rest is read by one. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Block, blocksOf, commandsOf, PAGES, ROOT } from '../../support/pages/blocks.ts';
import { NOT_RUN } from '../../support/pages/not-run.ts';

const blocks = PAGES.flatMap((page) => blocksOf(page));
const at = ({ page, line, language }: Block) => `${page}:${line} ${language}`;

/** Who reads the blocks of a language: by page where there are several. A diagram, `text`, is read by people alone. */
const READERS: Record<string, Record<string, string>> = {
  sh: {
    'docs/use/quickstart.md': 'test/e2e/quickstart.test.ts',
    'docs/operate/runbook/': 'test/e2e/runbook.test.ts',
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

describe('what stands between fences', () => {
  it('says what it is, and somebody reads it', () => {
    expect(blocks.length).toBeGreaterThan(50);
    expect(blocks.filter(({ language }) => language !== 'text' && !READERS[language]).map(at)).toEqual([]);
    const read = blocks.filter(({ language }) => language !== 'text');
    expect(read.filter((block) => !readerOf(block)).map(at)).toEqual([]);
    for (const block of read) {
      const text = readFileSync(path.join(ROOT, readerOf(block)!), 'utf8');
      const name = path.basename(block.page);
      // Either it names the page, or it goes through all of them.
      expect(text.includes(name) || /\bPAGES\b|readdirSync/.test(text), at(block)).toBe(true);
    }
  });

  it('is called text only where it is no command', () => {
    const command = /^\s*(?:\$ |npm |npx |node |cardseal |curl |docker |kubectl |javac? |redis-cli |export |import )/m;
    expect(blocks.filter(({ language, text }) => language === 'text' && command.test(text)).map(at)).toEqual([]);
  });

  it('and is not run only where the table says so, with a reason and a stand-in that is there', () => {
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
