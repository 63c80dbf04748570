import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';

const SOURCE = path.join(import.meta.dirname, '..');

it('worker code outside this folder imports no provider and names none', async () => {
  const files = await Array.fromAsync(glob('**/*.ts', { cwd: SOURCE }));
  const sources = files.filter((file) => !file.startsWith('providers/') && !file.endsWith('.test.ts'));
  expect(sources.length).toBeGreaterThan(50);
  const naming = sources.filter((file) => {
    const text = readFileSync(path.join(SOURCE, file), 'utf8');
    return /@cardseal\/providers|baidu-|tencent/i.test(text);
  });
  expect(naming).toEqual([]);
});
