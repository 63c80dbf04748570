import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decideRedis, ensureRedisServer, type Machine } from './redis-install.ts';

const DEBIAN = 'PRETTY_NAME="Debian"\nID=debian\n';
const UBUNTU_CHILD = 'ID=mint\nID_LIKE="ubuntu debian"\n';

let folder: string;
let machine: Machine;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'redis-install-test-'));
  mkdirSync(path.join(folder, 'bin'));
  const env = { PATH: path.join(folder, 'bin') };
  machine = {
    env,
    isRoot: true,
    osRelease: DEBIAN,
    policyFile: path.join(folder, 'policy-rc.d'),
    logFile: path.join(folder, 'apt-get.log'),
  };
});

afterEach(() => rmSync(folder, { recursive: true }));

function program(name: string, script = 'exit 0'): string {
  const file = path.join(folder, 'bin', name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** An apt-get that records its arguments and the content of the policy file. `installs` is what it does then. */
function fakeAptGet(installs: string): void {
  program('apt-get', `echo "$DEBIAN_FRONTEND $*; $(/bin/cat ${machine.policyFile})" >> ${folder}/calls\n${installs}`);
}

const installServer = () => `case "$*" in *install*) /bin/cp ${folder}/bin/apt-get ${folder}/bin/redis-server;; esac`;

describe('decideRedis', () => {
  it('uses redis-server from PATH, else valkey-server, and installs nothing then', () => {
    const valkey = program('valkey-server');
    expect(decideRedis(machine)).toEqual({ action: 'use', path: valkey });
    const redis = program('redis-server');
    expect(decideRedis(machine)).toEqual({ action: 'use', path: redis });
  });

  it.each([
    ['root on Debian', { isRoot: true, osRelease: DEBIAN }, 'install'],
    ['root on a derivative of Ubuntu', { isRoot: true, osRelease: UBUNTU_CHILD }, 'install'],
    ['a user on Debian', { isRoot: false, osRelease: DEBIAN }, 'refuse'],
    ['root on another system', { isRoot: true, osRelease: 'ID=fedora\n' }, 'refuse'],
    ['root on an unknown system', { isRoot: true, osRelease: '' }, 'refuse'],
  ])('decides for %s', (_, facts, action) => {
    expect(decideRedis({ ...machine, ...facts })).toEqual({ action });
  });
});

describe('ensureRedisServer', () => {
  it('names the three ways to get a server when it cannot install one', async () => {
    const refused = ensureRedisServer(() => {}, { ...machine, isRoot: false });
    await expect(refused).rejects.toThrow(/REDIS_URL.*PATH.*root on Debian/);
  });

  it('installs without questions and forbids the start of a daemon meanwhile', async () => {
    fakeAptGet(installServer());
    const lines: string[] = [];
    expect(await ensureRedisServer((line) => lines.push(line), machine)).toBe(path.join(folder, 'bin/redis-server'));
    const calls = readFileSync(path.join(folder, 'calls'), 'utf8');
    expect(calls).toMatch(/noninteractive .*update; #!\/bin\/sh\nexit 101/);
    expect(calls).toMatch(/noninteractive .*install -y --no-install-recommends redis-server; #!\/bin\/sh\nexit 101/);
    expect(existsSync(machine.policyFile)).toBe(false);
    expect(lines.join()).toContain('apt-get');
  });

  it("restores the machine's policy file, also after a failure and after an interrupted run", async () => {
    writeFileSync(machine.policyFile, 'its own', { mode: 0o750 });
    fakeAptGet('exit 9');
    await expect(ensureRedisServer(() => {}, machine)).rejects.toThrow('install failed with exit code 9');
    expect(readFileSync(machine.policyFile, 'utf8')).toBe('its own');
    expect(statSync(machine.policyFile).mode & 0o777).toBe(0o750);

    writeFileSync(`${machine.policyFile}.before-cardseal`, 'from before');
    fakeAptGet(installServer());
    await ensureRedisServer(() => {}, machine);
    expect(readFileSync(machine.policyFile, 'utf8')).toBe('from before');
  });
});
