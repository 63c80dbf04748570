import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PROBLEMS, type ProblemCode } from './problem.ts';

const page = readFileSync(new URL('../../../../../docs/use/problems.md', import.meta.url), 'utf8');
const sections = [...page.matchAll(/^## (\w+)\n\n\*\*(\d{3})\*\* · (.+)$/gm)].map(([, code, status, title]) => ({
  code,
  status: Number(status),
  title,
}));

describe('docs/use/problems.md', () => {
  it('has a section for every code, with its status and title, and for nothing else', () => {
    const expected = Object.entries(PROBLEMS).map(([code, { status, title }]) => ({ code, status, title }));
    const byCode = (a: { code: string | undefined }, b: { code: string | undefined }) => (a.code! < b.code! ? -1 : 1);
    expect(sections.toSorted(byCode)).toEqual(expected.toSorted(byCode));
  });

  it('says of each what to do', () => {
    for (const code of Object.keys(PROBLEMS) as ProblemCode[]) {
      const text = page.split(`## ${code}\n`)[1]!.split('\n## ')[0]!;
      expect(text, code).toMatch(/\*\*Do\*\*: \S/);
    }
  });
});
