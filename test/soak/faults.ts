/**
 * Runs the chaos tests that take too long for every test run (`npm run soak -- faults [arguments of vitest]`). They
 * cover bad connections, a promoted replica, wrong clocks, a full disk, simultaneous events, poison images, two builds
 * at once, recovery times, kills at every failpoint, key rotation and removed guards.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { printHelp } from '../support/program-help.ts';

if (import.meta.main) printHelp(import.meta.url);

const REPOSITORY = path.resolve(import.meta.dirname, '../..');
const VITEST = path.join(REPOSITORY, 'node_modules/vitest/vitest.mjs');

export function main(args: readonly string[]): number {
  const all = [VITEST, 'run', '--root', REPOSITORY, '--project', 'chaos-long', ...args];
  return spawnSync(process.execPath, all, { stdio: 'inherit' }).status ?? 1;
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));
