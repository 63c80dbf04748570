/** Gives Biome one wrong file for each rule that the project adds to Biome's recommended ones. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPOSITORY } from './repository.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'biome-'));
  // The folder is no git checkout.
  const { vcs: _, ...settings } = JSON.parse(readFileSync(path.join(REPOSITORY, 'biome.json'), 'utf8'));
  writeFileSync(path.join(folder, 'biome.json'), JSON.stringify(settings));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Biome's report on one file under the project's rules. */
function lint(file: string, text: string): string {
  const biome = path.join(REPOSITORY, 'node_modules/.bin/biome');
  const env = { ...process.env, PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env.PATH ?? ''}` };
  writeFileSync(path.join(folder, file), text);
  const { stdout, stderr } = spawnSync(biome, ['lint', '--colors=off', file], { cwd: folder, env, encoding: 'utf8' });
  return stdout + stderr;
}

/** A function with so many lines in its body. */
const longFunction = (lines: number) =>
  `export function f(): void {\n${Array.from({ length: lines }, (_, at) => `  g(${at});\n`).join('')}}\n`;

describe('Biome', () => {
  it('refuses a body of 61 lines and accepts one of 58', () => {
    expect(lint('probe.ts', longFunction(61))).toContain('noExcessiveLinesPerFunction');
    expect(lint('probe.ts', longFunction(58))).not.toContain('noExcessiveLinesPerFunction');
  });

  it('accepts a long suite of tests', () => {
    expect(lint('probe.test.ts', longFunction(200))).not.toContain('noExcessiveLinesPerFunction');
  });

  it.each([
    ['noUnusedImports', "import { a } from './a.ts';\n"],
    ['noUnusedVariables', 'const a = 1;\n'],
    ['useImportType', "import { A } from './a.ts';\nexport const b: A = 1;\n"],
    ['useNodejsImportProtocol', "import 'fs';\n"],
  ])('refuses by %s', (rule, text) => {
    expect(lint('probe.ts', text)).toContain(rule);
  });
});
