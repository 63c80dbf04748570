/**
 * Finds Prometheus' `promtool`, or extracts it from Debian's package `prometheus`. The tests of the alert rules use it.
 * It never installs the package, because that needs root and starts a service. It keeps the program in a folder of this
 * checkout.
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import {
  findProgram,
  isDebianLike,
  isExecutable,
  type Machine,
  runApt,
  runLogged,
  thisMachine,
  updateLists,
} from './debian.ts';
import { REPOSITORY } from './stack-options.ts';

const FOLDER = path.join(REPOSITORY, 'node_modules/.cache/cardseal');
const WAYS =
  'Put promtool on PATH (it is part of Prometheus), or run this on Debian or Ubuntu, where it comes from the package `prometheus`';

/** Returns the full path. Throws an error that names the ways to get it if it cannot be found or downloaded. */
export async function ensurePromtool(
  log: (line: string) => void,
  machine: Machine = thisMachine(),
  folder: string = FOLDER,
): Promise<string> {
  const kept = path.join(folder, 'promtool');
  const found = findProgram(machine, 'promtool') ?? (isExecutable(kept) ? kept : undefined);
  if (found) return found;
  if (!isDebianLike(machine.osRelease)) throw new Error(`promtool was not found. ${WAYS}`);
  log('no promtool on PATH: extracting it from the system package prometheus, which is downloaded but not installed');
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(path.join(folder, 'download-'));
  try {
    await downloadPackage(machine, scratch, log);
    await extractProgram(machine, scratch, kept);
    return kept;
  } catch (error) {
    throw new Error(`promtool could not be fetched: ${(error as Error).message}. ${WAYS}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** A fresh machine has no package lists, and only root may fetch them. */
async function downloadPackage(machine: Machine, scratch: string, log: (line: string) => void): Promise<void> {
  // By default apt downloads as the user _apt, who may not write here, and apt prints a warning.
  const args = machine.isRoot ? ['-o', 'APT::Sandbox::User=root', 'prometheus'] : ['prometheus'];
  const download = () => runApt('download', args, machine, scratch);
  if (!machine.isRoot) return download();
  await download().catch(async () => {
    await updateLists(machine, log);
    await download();
  });
}

async function extractProgram(machine: Machine, scratch: string, kept: string): Promise<void> {
  const [file] = readdirSync(scratch).filter((name) => name.endsWith('.deb'));
  if (!file) throw new Error('apt-get download left no package');
  const tree = path.join(scratch, 'tree');
  await runLogged('dpkg-deb', ['-x', path.join(scratch, file), tree], machine).catch((error: Error) => {
    throw new Error(`dpkg-deb ${error.message}`);
  });
  const program = path.join(tree, 'usr/bin/promtool');
  if (!existsSync(program)) throw new Error('the package contains no usr/bin/promtool');
  // Rename a complete copy: another process may read the file at this moment.
  const whole = path.join(scratch, 'promtool');
  copyFileSync(program, whole);
  chmodSync(whole, 0o755);
  renameSync(whole, kept);
}
