// Makes sure that Ceph's programs are on this machine. Root installs them from Debian's packages; other users get an error that
// says how. It must never leave a running service or a policy file behind.
import { execFile } from 'node:child_process';
import { access, constants, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const packageOf = {
  'ceph-mon': 'ceph-mon',
  'ceph-mgr': 'ceph-mgr',
  'ceph-osd': 'ceph-osd',
  radosgw: 'radosgw',
  ceph: 'ceph-common',
};
const servicePolicy = '/usr/sbin/policy-rc.d';
const installLimitMs = 10 * 60_000;

export async function isInstalled(program: string): Promise<boolean> {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin']) {
    if (folder !== '' && (await isExecutable(join(folder, program)))) return true;
  }
  return false;
}

/** Installs missing packages. @throws Error that says what to do if it cannot. */
export async function ensureCephPackages(log: (message: string) => void): Promise<void> {
  const missing: string[] = [];
  for (const [program, name] of Object.entries(packageOf)) if (!(await isInstalled(program))) missing.push(name);
  if (missing.length === 0) return;
  const byHand = `install ${missing.join(' ')} (Debian: apt-get install ${missing.join(' ')}), or name another S3 by S3_ENDPOINT`;
  if (process.getuid?.() !== 0)
    throw new Error(`Ceph's gateway is not installed, and only root can install it: ${byHand}`);
  if (!(await isInstalled('apt-get')))
    throw new Error(`Ceph's gateway is not installed and there is no apt-get: ${byHand}`);
  log(`installing ${missing.join(' ')} (about 30 s)`);
  await install(missing).catch((error: unknown) => {
    throw new Error(`apt-get could not install Ceph's gateway: ${byHand}`, { cause: error });
  });
}

async function install(packages: string[]): Promise<void> {
  const ours = await forbidServiceStarts();
  try {
    const options = {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      timeout: installLimitMs,
      maxBuffer: 64 * 1024 * 1024,
    };
    await run('apt-get', ['update', '-q'], options);
    await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], options);
  } finally {
    if (ours) await rm(servicePolicy, { force: true });
  }
}

/** Debian runs this file to ask whether a package may start its service. An existing file stays as it is. */
async function forbidServiceStarts(): Promise<boolean> {
  try {
    await writeFile(servicePolicy, '#!/bin/sh\nexit 101\n', { flag: 'wx', mode: 0o755 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
