/**
 * Finds a Redis server on this machine, or installs one from the system's package manager where that is possible and
 * expected. It never starts one, and never lets the package start one as a daemon of the system.
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

/** Finds or installs. Throws, naming the three ways, where neither is possible. */
export async function ensureRedisServer(log: (line: string) => void, machine = thisMachine()): Promise<string> {
  const decision = decideRedis(machine);
  if (decision.action === 'use') return decision.path;
  if (decision.action === 'refuse') throw new Error(`no Redis server was found. ${threeWays()}`);
  log('no Redis server on PATH: installing redis-server from the system packages (apt-get), without its daemon');
  await withoutDaemons(machine.policyFile, () => aptInstall(machine, log));
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

async function aptInstall(machine: Machine, log: (line: string) => void): Promise<void> {
  await updateLists(machine, log);
  await runApt('install', ['-y', '--no-install-recommends', 'redis-server'], machine);
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
