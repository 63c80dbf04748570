import { describe, expect, it } from 'vitest';
import { matchFiles } from './test-files.ts';

const FILES = [
  { path: 'apps/api/src/retry.test.ts', project: 'unit' },
  { path: 'packages/webhook/src/retry.test.ts', project: 'unit' },
  { path: 'test/e2e/cli.test.ts', project: 'e2e' },
  { path: 'test/e2e/client.test.ts', project: 'e2e' },
  { path: 'test/chaos/kill.test.ts', project: 'chaos' },
  { path: 'test/chaos/long/clock.test.ts', project: 'chaos-long' },
];

const matched = (pattern: string) => matchFiles([pattern], FILES)[0]?.files.map((file) => file.path);

describe('matchFiles', () => {
  it.each([
    ['a path', 'test/e2e/cli.test.ts', ['test/e2e/cli.test.ts']],
    ['a path that starts with ./', './test/e2e/cli.test.ts', ['test/e2e/cli.test.ts']],
    ['a folder', 'packages/webhook/', ['packages/webhook/src/retry.test.ts']],
    ['a glob', 'test/e2e/cli*', ['test/e2e/cli.test.ts', 'test/e2e/client.test.ts']],
    ['a part of a path', 'retry', ['apps/api/src/retry.test.ts', 'packages/webhook/src/retry.test.ts']],
    ['a folder without its long tests', 'test/chaos', ['test/chaos/kill.test.ts']],
    ['a part of a path without long tests', 'clock', []],
    ['the folder of long tests', 'test/chaos/long', ['test/chaos/long/clock.test.ts']],
    ['a long test', 'test/chaos/long/clock.test.ts', ['test/chaos/long/clock.test.ts']],
    ['an unknown name', 'no-such-name', []],
  ])('selects by %s', (_, pattern, files) => expect(matched(pattern)).toEqual(files));
});
