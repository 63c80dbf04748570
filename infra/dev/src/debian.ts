/**
 * Facts about this machine that decide whether Debian's packages can be used, and the call of apt-get. The output of
 * apt-get goes to a log file and is shown only after a failure. This file decides nothing and installs nothing.
 */
import { spawn } from 'node:child_process';
import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { REPOSITORY } from './stack-options.ts';

/** The facts that the decision depends on. They are arguments, so that tests can set them. */
export interface Machine {
  env: Readonly<NodeJS.ProcessEnv>;
  isRoot: boolean;
  osRelease: string;
  policyFile: string;
  /** Gets the output of apt-get and dpkg-deb. */
  logFile: string;
}

export function thisMachine(env: Readonly<NodeJS.ProcessEnv> = process.env): Machine {
  return {
    env,
    isRoot: process.getuid?.() === 0,
    osRelease: existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '',
    policyFile: '/usr/sbin/policy-rc.d',
    logFile: path.join(REPOSITORY, '.cardseal/logs/apt-get.log'),
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

/** Refreshes the package lists. A failure is only logged, because the old lists may still be good enough. */
export async function updateLists(machine: Machine, log: (line: string) => void): Promise<void> {
  await runApt('update', [], machine).catch((error: Error) => log(`${error.message}: using the old package lists`));
}

/** Runs apt-get without questions, in `cwd`. Throws with the exit code. */
export function runApt(
  verb: 'update' | 'install' | 'download',
  args: readonly string[],
  machine: Machine,
  cwd?: string,
): Promise<void> {
  const options = ['-q', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3'];
  const env = { ...machine.env, DEBIAN_FRONTEND: 'noninteractive' };
  return runLogged('apt-get', [...options, verb, ...args], { ...machine, env }, cwd).catch((error: Error) => {
    throw new Error(`apt-get ${verb} ${error.message}`);
  });
}

/**
 * Runs a program with its output in the log file. Throws with the exit code, after it has written the output of the
 * failed run to stderr. stdout belongs to the caller.
 */
export async function runLogged(
  command: string,
  args: readonly string[],
  { env, logFile }: Machine,
  cwd?: string,
): Promise<void> {
  mkdirSync(path.dirname(logFile), { recursive: true, mode: 0o700 });
  const output = openSync(logFile, 'w', 0o600);
  const child = spawn(command, [...args], { cwd, env, stdio: ['ignore', output, output] });
  closeSync(output);
  const failure = await new Promise<string | null>((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`));
    child.once('exit', (code) => resolve(code === 0 ? null : `failed with exit code ${code}`));
  });
  if (failure === null) return;
  const text = readFileSync(logFile, 'utf8').trimEnd();
  if (text !== '') console.error(text);
  throw new Error(failure);
}
