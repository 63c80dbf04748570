import { describe, expect, it } from 'vitest';
import { isOpenToOthers } from './secret-file.ts';

const us = { uid: 65_532, groups: [65_532] };

describe('a file that holds a secret', () => {
  it.each([
    ['owned by the process, with no other readers', { mode: 0o100600, uid: 65_532, gid: 65_532 }, false],
    ['owned by the process and readable by its group', { mode: 0o100640, uid: 65_532, gid: 65_532 }, true],
    ['owned by root, mounted for the group of the process', { mode: 0o100440, uid: 0, gid: 65_532 }, false],
    ['owned by root and writable by the group of the process', { mode: 0o100460, uid: 0, gid: 65_532 }, true],
    ['owned by root, mounted for another group', { mode: 0o100440, uid: 0, gid: 1000 }, true],
    ['readable by every user', { mode: 0o100444, uid: 0, gid: 65_532 }, true],
  ])('%s: open to others is decided by owner, group and mode', (_what, stat, open) => {
    expect(isOpenToOthers(stat, us)).toBe(open);
  });

  it('must not be readable by a group when the process runs as root', () => {
    expect(isOpenToOthers({ mode: 0o100440, uid: 0, gid: 0 }, { uid: 0, groups: [0] })).toBe(true);
  });
});
