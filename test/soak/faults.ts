/**
 * `npm run soak -- faults [vitest's arguments]`: the rows of the fault suite that are too long for every test run: bad
 * wires, a promoted replica, wrong clocks, a full disk, ends that meet, crashing pictures, two builds at once, the
 * promised recovery, deaths at every point, rotating keys, guards taken out.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const REPOSITORY = path.resolve(import.meta.dirname, '../..');
const VITEST = path.join(REPOSITORY, 'node_modules/vitest/vitest.mjs');

export function main(args: readonly string[]): number {
  const all = [VITEST, 'run', '--root', REPOSITORY, '--project', 'chaos-long', ...args];
  return spawnSync(process.execPath, all, { stdio: 'inherit' }).status ?? 1;
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));
