/**
 * Finds Prometheus' `promtool`, or takes it out of Debian's package `prometheus`. The tests of the alert rules use it.
 * It never installs the package, because that brings a service and needs root; it keeps the one program in a folder
 * of this checkout.
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import {
  findProgram,
  isDebianLike,
  isExecutable,
  type Machine,
  runApt,
  runLoudly,
  thisMachine,
  updateLists,
} from './debian.ts';
import { REPOSITORY } from './stack-options.ts';

const FOLDER = path.join(REPOSITORY, 'node_modules/.cache/cardseal');
const WAYS =
  'Put promtool on PATH (it is part of Prometheus), or run this on Debian or Ubuntu, where it is taken from the package `prometheus`';

/** Returns the full path. Throws, naming the ways, where it is neither there nor to be had. */
export async function ensurePromtool(
  log: (line: string) => void,
  machine: Machine = thisMachine(),
  folder: string = FOLDER,
): Promise<string> {
  const kept = path.join(folder, 'promtool');
  const found = findProgram(machine, 'promtool') ?? (isExecutable(kept) ? kept : undefined);
  if (found) return found;
  if (!isDebianLike(machine.osRelease)) throw new Error(`promtool was not found. ${WAYS}`);
  log('no promtool on PATH: taking it from the system package prometheus (apt-get download), without installing it');
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(path.join(folder, 'download-'));
  try {
    await downloadPackage(machine, scratch, log);
    await takeOut(machine, scratch, kept);
    return kept;
  } catch (error) {
    throw new Error(`promtool could not be fetched: ${(error as Error).message}. ${WAYS}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** A fresh machine has no package lists, and only root may fetch them. */
async function downloadPackage(machine: Machine, scratch: string, log: (line: string) => void): Promise<void> {
  // Root's download would otherwise run as a user that may not write here, and say so in a warning.
  const args = machine.isRoot ? ['-o', 'APT::Sandbox::User=root', 'prometheus'] : ['prometheus'];
  const download = () => runApt('download', args, machine, scratch);
  if (!machine.isRoot) return download();
  await download().catch(async () => {
    await updateLists(machine, log);
    await download();
  });
}

async function takeOut(machine: Machine, scratch: string, kept: string): Promise<void> {
  const [file] = readdirSync(scratch).filter((name) => name.endsWith('.deb'));
  if (!file) throw new Error('apt-get download left no package');
  const tree = path.join(scratch, 'tree');
  await runLoudly('dpkg-deb', ['-x', path.join(scratch, file), tree], machine.env).catch((error: Error) => {
    throw new Error(`dpkg-deb ${error.message}`);
  });
  const program = path.join(tree, 'usr/bin/promtool');
  if (!existsSync(program)) throw new Error('the package holds no usr/bin/promtool');
  // Under its final name it is always whole: another process may look for it at this moment.
  const whole = path.join(scratch, 'promtool');
  copyFileSync(program, whole);
  chmodSync(whole, 0o755);
  renameSync(whole, kept);
}
