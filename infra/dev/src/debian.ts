/**
 * What the launcher and the tests need to know of this machine to use Debian's packages, and how they call apt-get.
 * It installs nothing by itself.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What the decision depends on; all of it is an argument so that it can be tested. */
export interface Machine {
  env: Readonly<NodeJS.ProcessEnv>;
  isRoot: boolean;
  osRelease: string;
  policyFile: string;
}

export function thisMachine(env: Readonly<NodeJS.ProcessEnv> = process.env): Machine {
  return {
    env,
    isRoot: process.getuid?.() === 0,
    osRelease: existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '',
    policyFile: '/usr/sbin/policy-rc.d',
  };
}

/** The full path of the first of these programs on PATH, or undefined. */
export function findProgram({ env }: Machine, ...names: readonly string[]): string | undefined {
  const folders = (env.PATH ?? '').split(path.delimiter).filter((folder) => folder !== '');
  return names.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(isExecutable);
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function isDebianLike(osRelease: string): boolean {
  const ids = /^ID(?:_LIKE)?=(.*)$/gm;
  return [...osRelease.matchAll(ids)].some(([, value]) => /\b(debian|ubuntu)\b/.test(value ?? ''));
}

/** Refreshes the package lists. A failure is only logged: old lists may still name a package that can be fetched. */
export async function updateLists(machine: Machine, log: (line: string) => void): Promise<void> {
  await runApt('update', [], machine).catch((error: Error) => log(`${error.message}: going on with the old lists`));
}

/** Runs apt-get without questions, in `cwd`. Its output goes to stderr. Throws with the exit code. */
export function runApt(
  verb: 'update' | 'install' | 'download',
  args: readonly string[],
  { env }: Machine,
  cwd?: string,
): Promise<void> {
  const options = ['-q', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3'];
  return runLoudly('apt-get', [...options, verb, ...args], { ...env, DEBIAN_FRONTEND: 'noninteractive' }, cwd).catch(
    (error: Error) => {
      throw new Error(`apt-get ${verb} ${error.message}`);
    },
  );
}

/** Runs a program with its output on stderr, because stdout belongs to the caller. Throws with the exit code. */
export function runLoudly(
  command: string,
  args: readonly string[],
  env: Readonly<NodeJS.ProcessEnv>,
  cwd?: string,
): Promise<void> {
  const child = spawn(command, [...args], { cwd, env, stdio: ['ignore', 2, 2] });
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`could not be started: ${error.message}`)));
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`failed with exit code ${code}`));
    });
  });
}
