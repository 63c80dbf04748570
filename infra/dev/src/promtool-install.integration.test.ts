import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Machine } from './debian.ts';
import { ensurePromtool } from './promtool-install.ts';

let folder: string;
let machine: Machine;
const kept = () => path.join(folder, 'kept');
const calls = () => readFileSync(path.join(folder, 'calls'), 'utf8').trim().split('\n');

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'promtool-install-test-'));
  mkdirSync(path.join(folder, 'bin'));
  const env = { PATH: path.join(folder, 'bin') };
  machine = {
    env,
    isRoot: false,
    osRelease: 'ID=debian\n',
    policyFile: path.join(folder, 'policy-rc.d'),
    logFile: path.join(folder, 'apt-get.log'),
  };
  program('dpkg-deb', `/bin/mkdir -p "$3/usr/bin"; echo '#!/bin/sh' > "$3/usr/bin/promtool"`);
});

afterEach(() => rmSync(folder, { recursive: true }));

function program(name: string, script: string): string {
  const file = path.join(folder, 'bin', name);
  writeFileSync(file, `#!/bin/sh\necho "${name} $*" >> ${folder}/calls\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

it('uses the promtool on PATH and downloads nothing then', async () => {
  const own = program('promtool', 'exit 0');
  expect(await ensurePromtool(() => {}, machine, kept())).toBe(own);
  expect(existsSync(kept())).toBe(false);
});

it('extracts the program from the package without an install, also as a plain user, and keeps it', async () => {
  program('apt-get', 'echo deb > prometheus_1_amd64.deb');
  const taken = await ensurePromtool(() => {}, machine, kept());
  expect(taken).toBe(path.join(kept(), 'promtool'));
  expect(readFileSync(taken, 'utf8')).toContain('#!/bin/sh');
  expect(calls().join('\n')).not.toMatch(/ install /);
  expect(readdirSync(kept())).toEqual(['promtool']);
  const before = calls().length;
  expect(await ensurePromtool(() => {}, machine, kept())).toBe(taken);
  expect(calls()).toHaveLength(before);
});

it('fetches the package lists if there are none and root runs it', async () => {
  program(
    'apt-get',
    `case "$*" in *update*) : > ${folder}/lists;; *) [ -f ${folder}/lists ] && echo deb > p.deb;; esac`,
  );
  await ensurePromtool(() => {}, { ...machine, isRoot: true }, kept());
  expect(calls().map((line) => /update|download|dpkg/.exec(line)?.[0])).toEqual([
    'download',
    'update',
    'download',
    'dpkg',
  ]);
});

it.each([
  ['another system', { osRelease: 'ID=fedora\n' }, /not found.*on PATH.*Debian/],
  ['a package that cannot be downloaded', {}, /apt-get download failed with exit code 7.*on PATH/],
])('names the ways to get promtool: %s', async (_, facts, words) => {
  program('apt-get', 'exit 7');
  await expect(ensurePromtool(() => {}, { ...machine, ...facts }, kept())).rejects.toThrow(words);
  if (existsSync(kept())) expect(readdirSync(kept())).toEqual([]);
});
