import { describe, expect, it } from 'vitest';
import { runsTypeScript, withLocalBinaries } from './runtime.mjs';

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
    const once = withLocalBinaries('/house', '/usr/bin:/house/node_modules/.bin:/bin');
    expect(once).toBe('/house/node_modules/.bin:/usr/bin:/bin');
    expect(withLocalBinaries('/house', once)).toBe(once);
  });
});
