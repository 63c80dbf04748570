/** Builds small repositories with one unused part each, and shows that Knip with the real configuration refuses it. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { REPOSITORY } from './repository.ts';
import { runKnip } from './unused.ts';

const BASE = {
  'package.json': '{ "name": "root", "private": true, "workspaces": ["apps/*", "packages/*"] }',
  'apps/api/package.json': '{ "name": "@cardseal/api", "dependencies": { "@cardseal/core": "0.1.0" } }',
  'apps/api/src/main.ts': "import { used } from '@cardseal/core/job';\nused();\n",
  'packages/core/package.json': '{ "name": "@cardseal/core", "exports": { "./*": "./src/*/index.ts" } }',
  'packages/core/src/job/index.ts': 'export function used(): void {}\n',
};

let folder = '';
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The output of Knip for `BASE` with some files replaced or added. */
async function unused(files: Readonly<Record<string, string>> = {}): Promise<string> {
  folder = mkdtempSync(path.join(tmpdir(), 'knip-'));
  for (const [file, text] of Object.entries({ ...BASE, ...files })) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  }
  copyFileSync(path.join(REPOSITORY, 'knip.jsonc'), path.join(folder, 'knip.jsonc'));
  mkdirSync(path.join(folder, 'node_modules/@cardseal'), { recursive: true });
  return (await runKnip(folder)).join('\n');
}

describe('unused parts', () => {
  it('accepts a repository in which everything is used', async () => {
    expect(await unused()).toBe('');
  });

  it('refuses a file that nothing imports', async () => {
    expect(await unused({ 'packages/core/src/job/lonely.ts': 'export {};\n' })).toContain('lonely.ts');
  });

  it.each([
    ['a value', 'export const lonely = 1;'],
    ['a type', 'export type Lonely = 1;'],
  ])('refuses %s that a package exports and nothing imports', async (_, text) => {
    const file = `${BASE['packages/core/src/job/index.ts']}${text}\n`;
    expect(await unused({ 'packages/core/src/job/index.ts': file })).toMatch(/lonely/i);
  });

  it('refuses a declared dependency that nothing imports', async () => {
    const manifest = '{ "name": "@cardseal/api", "dependencies": { "@cardseal/core": "0.1.0", "lonely": "1.0.0" } }';
    expect(await unused({ 'apps/api/package.json': manifest })).toContain('lonely');
  });
});
