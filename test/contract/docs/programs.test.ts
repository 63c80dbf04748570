/**
 * Benches, soaks and chaos runs named in the docs exist and accept the documented options. They take minutes to hours,
 * so the test adds one unknown option: the program must refuse that one only.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { PAGES, ROOT } from '../../support/pages/blocks.ts';

const NOBODY_HAS = '--an-option-that-nobody-has';

/** In fenced blocks and in inline code. */
const named = PAGES.flatMap((page) => {
  const text = readFileSync(path.join(ROOT, page), 'utf8');
  return [...text.matchAll(/npm run (?:(bench|soak) -- ([a-z-]+)|(chaos)(?: --)?)((?: --?[a-z]+(?: [\w.,]+)?)*)/g)].map(
    ([, verb, name, chaos, options]) => ({
      program: verb ? [verb, name!] : [chaos!],
      file: verb ? `test/${verb}/${name}.ts` : 'test/chaos/chaos.ts',
      options: options!.trim(),
      page,
    }),
  );
});
const withOptions = new Map(
  named.filter(({ options }) => options !== '').map((one) => [`${one.program.join(' ')} ${one.options}`, one]),
);

function refusal(program: readonly string[], options: string): Promise<{ code: number | null; said: string }> {
  const args = [path.join(ROOT, 'infra/dev/run.mjs'), ...program, ...options.split(' '), NOBODY_HAS];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })));
}

describe('programs named in the docs', () => {
  it('exist', () => {
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(({ file }) => !existsSync(path.join(ROOT, file)))).toEqual([]);
  });

  it.concurrent.each([...withOptions.keys()])('%s accepts its options', async (command) => {
    const { program, options } = withOptions.get(command)!;
    const { code, said } = await refusal(program, options);
    expect(said).toContain(`Unknown option '${NOBODY_HAS}'`);
    expect(code).not.toBe(0);
  });
});
