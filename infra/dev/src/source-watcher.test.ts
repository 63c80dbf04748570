import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { affectedBy, createSourceWatcher } from './source-watcher.ts';

it.each([
  ['apps/api/src/app.ts', ['api']],
  ['apps/worker/src/app.ts', ['worker-1', 'worker-2']],
  ['apps/emulator/src/app.ts', ['emulator']],
  ['packages/core/src/queue/producer.lua', ['api', 'admin', 'worker-1', 'worker-2']],
  ['infra/dev/s3/bucket.ts', ['s3']],
  ['apps/cli/src/main.ts', []],
  ['apps/api/src/app.test.ts', []],
  ['apps/api/README.md', []],
  ['packages/core/node_modules/zod/index.js', []],
])('a change of %s affects %j', (file, children) => {
  expect(affectedBy(file, ['worker-1', 'worker-2'])).toEqual(children);
});

it('reports several changes once', async () => {
  const root = mkdtempSync(path.join(tmpdir(), 'source-watcher-test-'));
  mkdirSync(path.join(root, 'apps/api/src'), { recursive: true });
  const changes: string[][] = [];
  const changed = Promise.withResolvers<void>();
  const watcher = createSourceWatcher(root, [], (children) => {
    changes.push(children);
    changed.resolve();
  });
  for (const name of ['one.ts', 'two.ts']) writeFileSync(path.join(root, 'apps/api/src', name), '');
  await changed.promise;
  watcher.close();
  rmSync(root, { recursive: true });
  expect(changes).toEqual([['api']]);
});
