import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  'apps/emulator/README.md',
  ...pagesBelow('docs'),
];

function pagesBelow(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join(folder, name));
}

it.each(pages)('every link of %s has a target', (page) => {
  const text = readFileSync(path.join(root, page), 'utf8');
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
  const local = targets.filter((target) => !/^(https?:|mailto:|#)/.test(target));
  const broken = local.filter((target) => !existsSync(path.join(root, path.dirname(page), target.split('#')[0]!)));
  expect(broken).toEqual([]);
});

it.each(pages)('every anchor that %s links to is a heading', (page) => {
  const text = readFileSync(path.join(root, page), 'utf8');
  const targets = [...text.matchAll(/\]\(([^)\s:]*)#([^)\s]+)\)/g)].filter(([, file]) => /(^|\.md)$/.test(file!));
  const missing = targets.filter(([, file, anchor]) => {
    const target = path.join(root, file === '' ? page : path.join(path.dirname(page), file!));
    return existsSync(target) && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor!);
  });
  expect(missing.map(([link]) => link)).toEqual([]);
});

/** As GitHub makes them of headings. */
function anchorsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading!.toLowerCase().trim());
  return headings.map((heading) => heading.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-'));
}

it('every npm script in the docs exists', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { scripts: object };
  const named = pages.flatMap((page) =>
    [...readFileSync(path.join(root, page), 'utf8').matchAll(/npm run (?:-s )?([a-z0-9:]+)/g)].map(
      (match) => match[1]!,
    ),
  );
  expect([...new Set(named)].filter((name) => !(name in scripts))).toEqual([]);
});
