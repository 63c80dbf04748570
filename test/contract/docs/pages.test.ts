/** Pages, indexes and paths: each one that a page, the product, an alert or a manifest names exists. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const SOURCES = ['{apps,packages,infra,test}/**/*.{ts,mjs,lua,yml,yaml,conf,java,py,md}', '*.md', '.github/**/*.md'];

it('names no page under docs/ that does not exist', () => {
  const files = globSync(SOURCES, { cwd: ROOT, exclude: (name) => name.includes('node_modules') });
  const named = files.flatMap((file) =>
    [...readFileSync(path.join(ROOT, file), 'utf8').matchAll(/\bdocs\/[\w/-]+\.(?:md|png)\b/g)].map(([page]) => ({
      file,
      page,
    })),
  );
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter(({ page }) => !existsSync(path.join(ROOT, page)))).toEqual([]);
});

it('lists every page in the index of its folder', () => {
  const pages = globSync('docs/{use,operate,understand,develop}/*.md', { cwd: ROOT });
  const index = readFileSync(path.join(ROOT, 'docs/README.md'), 'utf8');
  expect(pages.filter((page) => !index.includes(`](${page.replace('docs/', '')})`))).toEqual([]);
});

it('names no path of the repository that does not exist', () => {
  const pages = globSync(['docs/**/*.md', 'README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md'], {
    cwd: ROOT,
  });
  const named = pages.flatMap((page) =>
    [...readFileSync(path.join(ROOT, page), 'utf8').matchAll(/`((?:apps|packages|infra|test)\/[\w./-]+)`/g)].map(
      ([, file]) => ({ page, file: file! }),
    ),
  );
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter(({ file }) => !existsSync(path.join(ROOT, file)))).toEqual([]);
});
