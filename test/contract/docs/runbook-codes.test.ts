/** The codes that the runbook sorts by cause exist and are of the stated kind. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');

/** Rows of provider error codes. */
const answers = [...read('docs/understand/provider.md').matchAll(/^\| ([^|]+) \| `(\w+)` \| `(\w+)` \|/gm)].map(
  ([, answer, kind, code]) => ({ answer: answer!, kind: kind!, code: code! }),
);
const ownCodes = globSync(['packages/*/src/**/*.ts', 'apps/worker/src/**/*.ts'], { cwd: ROOT })
  .filter((file) => !file.endsWith('.test.ts'))
  .flatMap((file) => [...read(file).matchAll(/'([a-z]+(?:_[a-z]+)+)'/g)].map(([, code]) => code!));
/** Codes that close a gate or slow the rate. They fail no job. */
const HELD = ['qps', 'daily_quota', 'total_quota', 'configuration'];

describe('the page about failed jobs', () => {
  const rows = [...read('docs/operate/runbook/cards-fail.md').matchAll(/^\| (`.+?) \|/gm)].map(([, first]) => first!);
  const named = rows.flatMap((row) =>
    [...row.matchAll(/`(\w+)(…?)`/g)].map(([, code, more]) => ({ code: code!, more })),
  );
  const matches = (known: string) => named.some(({ code, more }) => (more ? known.startsWith(code) : known === code));

  it('names existing codes', () => {
    expect(named.length).toBeGreaterThan(12);
    const known = new Set([...answers.map(({ code }) => code), ...ownCodes]);
    for (const { code, more } of named) {
      expect(
        [...known].some((one) => (more ? one.startsWith(code) : one === code)),
        code,
      ).toBe(true);
    }
  });

  it('has every provider code that fails a job, and none that only delays it', () => {
    expect(answers.length).toBeGreaterThan(25);
    for (const { kind, code } of answers) expect(matches(code), code).toBe(!HELD.includes(kind));
  });
});

it('the page about a dead credential names codes that close its gate', () => {
  const [, codes] = /\(codes ([\d, ]+) and similar ones\)/.exec(read('docs/operate/runbook/credential-dead.md')) ?? [];
  const closing = answers.filter(({ kind }) => kind === 'configuration').flatMap(({ answer }) => answer.split(', '));
  for (const code of codes!.split(', ')) expect(closing).toContain(code);
});
