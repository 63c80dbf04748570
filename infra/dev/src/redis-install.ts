/**
 * Finds a Redis server on this machine, or installs one from the system's package manager where that is possible and
 * expected. It never starts one, and never lets the package start one as a daemon of the system.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const SERVERS = ['redis-server', 'valkey-server'];

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

/** The full path of a Redis-compatible server, or undefined. */
export function findRedisServer(machine: Machine): string | undefined {
  const folders = (machine.env.PATH ?? '').split(path.delimiter).filter((folder) => folder !== '');
  return SERVERS.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export type RedisDecision = { action: 'use'; path: string } | { action: 'install' } | { action: 'refuse' };

export function decideRedis(machine: Machine): RedisDecision {
  const found = findRedisServer(machine);
  if (found) return { action: 'use', path: found };
  return { action: machine.isRoot && isDebianLike(machine.osRelease) ? 'install' : 'refuse' };
}

function isDebianLike(osRelease: string): boolean {
  const ids = /^ID(?:_LIKE)?=(.*)$/gm;
  return [...osRelease.matchAll(ids)].some(([, value]) => /\b(debian|ubuntu)\b/.test(value ?? ''));
}

/** Finds or installs. Throws, naming the three ways, where neither is possible. */
export async function ensureRedisServer(log: (line: string) => void, machine = thisMachine()): Promise<string> {
  const decision = decideRedis(machine);
  if (decision.action === 'use') return decision.path;
  if (decision.action === 'refuse') throw new Error(`no Redis server was found. ${threeWays()}`);
  log('no Redis server on PATH: installing redis-server from the system packages (apt-get), without its daemon');
  await withoutDaemons(machine.policyFile, () => aptInstall(machine.env, log));
  const installed = findRedisServer(machine);
  if (!installed) throw new Error(`apt-get brought no Redis server. ${threeWays()}`);
  return installed;
}

function threeWays(): string {
  return (
    'Do one of three: set REDIS_URL to a running one; put redis-server or valkey-server on PATH; ' +
    'or run as root on Debian or Ubuntu, where it is installed from the system packages'
  );
}

async function aptInstall(env: Readonly<NodeJS.ProcessEnv>, log: (line: string) => void): Promise<void> {
  const options = ['-q', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3'];
  // Stale lists may still name a package that can be fetched: only the install decides.
  await runApt([...options, 'update'], env).catch((error: Error) =>
    log(`${error.message}: going on with the old lists`),
  );
  await runApt([...options, 'install', '-y', '--no-install-recommends', 'redis-server'], env);
}

function runApt(args: readonly string[], env: Readonly<NodeJS.ProcessEnv>): Promise<void> {
  const child = spawn('apt-get', [...args], {
    env: { ...env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 2, 2],
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`apt-get could not be started: ${error.message}`)));
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`apt-get ${args.includes('update') ? 'update' : 'install'} failed with exit code ${code}`));
    });
  });
}

/** Debian asks this file before it starts a daemon; 101 is its word for no. The machine's own file comes back after. */
async function withoutDaemons(policyFile: string, work: () => Promise<void>): Promise<void> {
  const saved = `${policyFile}.before-cardseal`;
  // A saved file means that an earlier install was cut short: what stands there now is ours, not the machine's.
  if (existsSync(policyFile) && !existsSync(saved)) renameSync(policyFile, saved);
  writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await work();
  } finally {
    if (existsSync(saved)) renameSync(saved, policyFile);
    else rmSync(policyFile, { force: true });
  }
}
