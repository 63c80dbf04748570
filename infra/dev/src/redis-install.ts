/**
 * Finds a Redis server on this machine. As root on Debian or Ubuntu it installs one from the system's packages. It never
 * starts a server, and it prevents the package from starting a system daemon.
 */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { findProgram, isDebianLike, type Machine, runApt, thisMachine, updateLists } from './debian.ts';

export type { Machine } from './debian.ts';

const SERVERS = ['redis-server', 'valkey-server'];

/** The full path of a Redis-compatible server, or undefined. */
export function findRedisServer(machine: Machine): string | undefined {
  return findProgram(machine, ...SERVERS);
}

export type RedisDecision = { action: 'use'; path: string } | { action: 'install' } | { action: 'refuse' };

export function decideRedis(machine: Machine): RedisDecision {
  const found = findRedisServer(machine);
  if (found) return { action: 'use', path: found };
  return { action: machine.isRoot && isDebianLike(machine.osRelease) ? 'install' : 'refuse' };
}

/** Returns the path of the server. Throws an error that names the three ways to get one if there is none. */
export async function ensureRedisServer(log: (line: string) => void, machine = thisMachine()): Promise<string> {
  const decision = decideRedis(machine);
  if (decision.action === 'use') return decision.path;
  if (decision.action === 'refuse') throw new Error(`no Redis server was found. ${threeWays()}`);
  log('no Redis server on PATH: installing the system package redis-server with apt-get, without starting a daemon');
  await withoutDaemons(machine.policyFile, () => aptInstall(machine, log));
  const installed = findRedisServer(machine);
  if (!installed) throw new Error(`apt-get installed no Redis server. ${threeWays()}`);
  return installed;
}

function threeWays(): string {
  return (
    'Do one of these: set REDIS_URL to a running Redis; put redis-server or valkey-server on PATH; ' +
    'or run this as root on Debian or Ubuntu, where apt-get installs it'
  );
}

async function aptInstall(machine: Machine, log: (line: string) => void): Promise<void> {
  await updateLists(machine, log);
  await runApt('install', ['-y', '--no-install-recommends', 'redis-server'], machine);
}

/**
 * Debian runs this file before a package starts a daemon; exit code 101 forbids the start. The machine's own file is
 * restored afterwards.
 */
async function withoutDaemons(policyFile: string, work: () => Promise<void>): Promise<void> {
  const saved = `${policyFile}.before-cardseal`;
  // If a saved file exists, an earlier install was interrupted, and the current policy file is the one written below.
  if (existsSync(policyFile) && !existsSync(saved)) renameSync(policyFile, saved);
  writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await work();
  } finally {
    if (existsSync(saved)) renameSync(saved, policyFile);
    else rmSync(policyFile, { force: true });
  }
}
