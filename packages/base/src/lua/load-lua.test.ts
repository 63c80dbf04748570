import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadLua } from './load-lua.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lua-'));
  mkdirSync(join(folder, 'includes'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return pathToFileURL(join(folder, name));
};

it('replaces an include by its file and puts constants in front', () => {
  file('includes/shared.lua', 'local function twice(n) return 2 * n end\n');
  const script = file('main.lua', '-- a header\n--- @include "shared"\nreturn twice(limits.most)\n');
  expect(loadLua(script, { limits: { most: 5, steps: [1, 2] } })).toBe(
    'local limits = { most = 5, steps = { 1, 2 } }\n-- a header\nlocal function twice(n) return 2 * n end\n\nreturn twice(limits.most)\n',
  );
});

it('keeps an include directive in the middle of a line as a comment', () => {
  expect(loadLua(file('plain.lua', 'return 1 --- @include "shared"\n'))).toBe('return 1 --- @include "shared"\n');
});

it('throws when an include is missing', () => {
  expect(() => loadLua(file('broken.lua', '--- @include "absent"\n'))).toThrow('absent.lua');
});
