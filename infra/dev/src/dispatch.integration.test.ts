import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { listPrograms, runEach, runNamed } from './dispatch.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'dispatch-test-'));
  write('good.ts', '/**\n * Does good. And more\n * than that. */\nprocess.exitCode = process.argv.length - 2;');
  write('bad.ts', '/** Fails. */\nthrow new Error("bad");');
  write('good.test.ts', '');
  vi.spyOn(console, 'error').mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

function write(name: string, text: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, name), text);
}

describe('programs by name', () => {
  it('lists the programs with their first sentences', () => {
    expect([...listPrograms(folder)]).toEqual([
      ['bad', 'Fails.'],
      ['good', 'Does good.'],
    ]);
    expect(listPrograms(path.join(folder, 'absent')).size).toBe(0);
  });

  it('runs a program with its arguments and returns its exit code', async () => {
    expect(await runNamed({ verb: 'bench', folder }, ['good', 'a', 'b'])).toBe(2);
    expect(await runNamed({ verb: 'bench', folder }, ['good'])).toBe(0);
  });

  it.each([[['absent']], [[]], [['../good']]])('refuses %j with the list of names', async (args) => {
    expect(await runNamed({ verb: 'bench', folder }, args)).toBe(2);
    expect(vi.mocked(console.error).mock.lastCall?.[0]).toMatch(/npm run bench -- <name>[\s\S]*good/);
  });

  it('fails if one of several programs fails, or if there is none', async () => {
    expect(await runEach({ verb: 'judges', folder }, [])).toBe(1);
    expect(await runEach({ verb: 'judges', folder }, ['good'])).toBe(0);
    expect(await runEach({ verb: 'judges', folder: path.join(folder, 'absent') }, [])).toBe(1);
  });
});
