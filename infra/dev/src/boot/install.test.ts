import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { npmCommand, whyInstall } from './install.mjs';

let root: string;

const packages = {
  '': { name: 'root' },
  'node_modules/a': { version: '1.0.0', integrity: 'x' },
  'node_modules/other-platform': { version: '1.0.0', integrity: 'y', optional: true },
};
const { '': _, 'node_modules/other-platform': __, ...installed } = packages;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'install-test-'));
  mkdirSync(path.join(root, 'node_modules'));
});

afterEach(() => rmSync(root, { recursive: true }));

function write(name: string, content: object, atS: number): void {
  writeFileSync(path.join(root, name), JSON.stringify({ packages: content }));
  utimesSync(path.join(root, name), atS, atS);
}

describe('whyInstall', () => {
  it('returns a reason if nothing or only a part is installed', () => {
    write('package-lock.json', packages, 100);
    expect(whyInstall(root)).toContain('absent or incomplete');
  });

  it('returns null if the install is newer than the lock file', () => {
    write('package-lock.json', packages, 100);
    write('node_modules/.package-lock.json', {}, 101);
    expect(whyInstall(root)).toBeNull();
  });

  it('returns null if only the time of the lock file changed', () => {
    write('node_modules/.package-lock.json', installed, 100);
    write('package-lock.json', packages, 200);
    expect(whyInstall(root)).toBeNull();
  });

  it.each([
    ['a version changed', { ...packages, 'node_modules/a': { version: '1.0.1', integrity: 'z' } }],
    ['a package was added', { ...packages, 'node_modules/b': { version: '1.0.0' } }],
    ['a package was removed', { '': packages[''] }],
  ])('returns a reason if %s', (_what, wanted) => {
    write('node_modules/.package-lock.json', installed, 100);
    write('package-lock.json', wanted, 200);
    expect(whyInstall(root)).toContain('older');
  });
});

describe('npmCommand', () => {
  it('is the npm that started this process, else the one on PATH', () => {
    const script = '/somewhere/npm/bin/npm-cli.js';
    expect(npmCommand({ npm_execpath: script })).toEqual([process.execPath, script]);
    expect(npmCommand({ npm_execpath: '/somewhere/yarn.js' })).toEqual(['npm']);
    expect(npmCommand({})).toEqual(['npm']);
  });
});
