/** Shows that a copy is refused, and that tests may repeat themselves. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { runJscpd } from './duplicates.ts';

const LINES = Array.from({ length: 12 }, (_, at) => `export const value${at} = first(${at}) + second(${at});`).join(
  '\n',
);

let folder = '';
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function copies(...files: readonly string[]): Promise<string> {
  folder = mkdtempSync(path.join(tmpdir(), 'copies-'));
  for (const name of ['apps', 'packages', 'infra']) mkdirSync(path.join(folder, name));
  for (const file of files) writeFileSync(path.join(folder, file), LINES);
  return (await runJscpd(folder)).join('\n');
}

it('refuses the same lines in two programs', async () => {
  expect(await copies('apps/a.ts', 'packages/b.ts')).toContain('b.ts');
});

it('accepts them once, and in tests', async () => {
  expect(await copies('apps/a.ts', 'packages/b.test.ts')).toBe('');
});
