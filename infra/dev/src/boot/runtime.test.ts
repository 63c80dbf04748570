import { existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linkInstalledNode, runsTypeScript, withLocalBinaries } from './runtime.mjs';

describe('runsTypeScript', () => {
  it.each([
    ['20.20.2', false],
    ['22.18.9', false],
    ['22.19.0', true],
    ['24.0.0', true],
  ])('%s: %s', (version, expected) => expect(runsTypeScript(version)).toBe(expected));
});

describe('withLocalBinaries', () => {
  it('puts the local programs first, once', () => {
    const once = withLocalBinaries('/repo', '/usr/bin:/repo/node_modules/.bin:/bin');
    expect(once).toBe('/repo/node_modules/.bin:/usr/bin:/bin');
    expect(withLocalBinaries('/repo', once)).toBe(once);
  });
});

describe('linkInstalledNode', () => {
  const installed = `node-${process.platform}-${process.arch}/bin`;
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'link-node-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('links the installed Node where npm left the link out, and keeps a link that exists', () => {
    mkdirSync(path.join(root, 'node_modules', installed), { recursive: true });
    writeFileSync(path.join(root, 'node_modules', installed, 'node'), '');
    linkInstalledNode(root);
    linkInstalledNode(root);
    expect(readlinkSync(path.join(root, 'node_modules/.bin/node'))).toBe(`../${installed}/node`);
  });

  it('makes nothing where the install brought no Node', () => {
    linkInstalledNode(root);
    expect(existsSync(path.join(root, 'node_modules'))).toBe(false);
  });
});
