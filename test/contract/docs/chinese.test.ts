/** The Chinese pages give the same commands, code and figures as the English ones, and name every problem. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ATTEMPT_DELAYS_MS } from '@cardseal/webhook';
import { describe, expect, it } from 'vitest';
import { PROBLEMS } from '../../../apps/api/src/http/problems/problem.ts';
import { blocksOf, commandsOf, ROOT } from '../../support/pages/blocks.ts';

/** Pages whose blocks are the same, one by one. Comments at the end of a command are translated. */
const SAME = [
  ['README.md', 'README.zh-CN.md'],
  ['docs/use/quickstart.md', 'docs/zh-CN/quickstart.md'],
] as const;
const UNIT_MS: Record<string, number> = { 秒: 1_000, 分钟: 60_000, 小时: 3_600_000 };

function contentOf(page: string) {
  return blocksOf(page).map((block) => ({
    language: block.language,
    text: block.language === 'sh' ? commandsOf(block).map((line) => line.replace(/\s+#.*$/, '')) : block.text,
  }));
}

describe('the Chinese pages', () => {
  it.each(SAME)('%s and %s have the same blocks', (english, chinese) => {
    expect(contentOf(english).length).toBeGreaterThan(2);
    expect(contentOf(chinese)).toEqual(contentOf(english));
  });

  it('show code of webhooks as the English page does', () => {
    const english = blocksOf('docs/use/webhooks.md').map(({ language, text }) => `${language}\n${text}`);
    const chinese = blocksOf('docs/zh-CN/webhooks.md').map(({ language, text }) => `${language}\n${text}`);
    expect(chinese.length).toBeGreaterThan(5);
    expect(chinese.filter((block) => !english.includes(block))).toEqual([]);
  });

  it('print the delays between attempts', () => {
    const page = readFileSync(path.join(ROOT, 'docs/zh-CN/webhooks.md'), 'utf8');
    const rows = [...page.matchAll(/^\| \d+ \| (无|(\d+) (\S+)) \|/gm)];
    expect(rows.map(([, , count, unit]) => Number(count ?? 0) * (UNIT_MS[unit ?? ''] ?? 0))).toEqual(ATTEMPT_DELAYS_MS);
  });

  it('list every problem with its status, and no other', () => {
    const page = readFileSync(path.join(ROOT, 'docs/zh-CN/problems.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `(\w+)` \| (\d{3}) \| [^|]+ \| [^|]+ \|$/gm)];
    const listed = Object.fromEntries(rows.map(([, code, status]) => [code, Number(status)]));
    expect(listed).toEqual(Object.fromEntries(Object.entries(PROBLEMS).map(([code, { status }]) => [code, status])));
  });
});
