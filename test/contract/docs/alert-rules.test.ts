/** Prometheus' own tool tests the rules, where its package is installed: Debian's `prometheus`. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, it } from 'vitest';

const FOLDER = path.resolve(import.meta.dirname, '../../../infra/monitoring');
const promtool = (...args: string[]) => spawnSync('promtool', args, { cwd: FOLDER, encoding: 'utf8' });
const isInstalled = promtool('--version').error === undefined;

it.skipIf(!isInstalled)('each alert fires for its cause, and none when all is well', () => {
  expect(promtool('check', 'rules', 'rules.yml')).toMatchObject({ status: 0 });
  const { status, stdout, stderr } = promtool('test', 'rules', 'rules-test.yml');
  expect(status, stdout + stderr).toBe(0);
});
