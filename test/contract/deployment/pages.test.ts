/** Files of infra refer only to existing pages. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './manifests.ts';

const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');
const named = globSync('infra/{compose,image,kubernetes,monitoring,redis,s3}/*', { cwd: ROOT }).flatMap((file) =>
  [...read(file).matchAll(/docs\/[\w/-]+\.md/g)].map(([page]) => ({ file, page })),
);

describe('pages named in infra', () => {
  it('exist', () => {
    expect(named.length).toBeGreaterThan(10);
    for (const { file, page } of named) expect(() => read(page), `${page}, of ${file}`).not.toThrow();
  });

  it('give Redis the size that its settings name', () => {
    const [, page] = /(docs\/[\w/-]+\.md) explains the size/.exec(read('infra/redis/redis.conf')) ?? [];
    expect(read(page!)).toMatch(/^## Redis\n\n.*for each waiting job/m);
  });
});
