import { describe, expect, it } from 'vitest';
import { isOpenToOthers } from './secret-file.ts';

const us = { uid: 65_532, groups: [65_532] };

describe('a file that holds a secret', () => {
  it.each([
    ['ours alone', { mode: 0o100600, uid: 65_532, gid: 65_532 }, false],
    ['ours, and our group reads it', { mode: 0o100640, uid: 65_532, gid: 65_532 }, true],
    ["root's, lent to our group by an orchestrator", { mode: 0o100440, uid: 0, gid: 65_532 }, false],
    ["root's, and our group may write it", { mode: 0o100460, uid: 0, gid: 65_532 }, true],
    ["root's, lent to another group", { mode: 0o100440, uid: 0, gid: 1000 }, true],
    ['readable by all', { mode: 0o100444, uid: 0, gid: 65_532 }, true],
  ])('%s', (_what, stat, open) => {
    expect(isOpenToOthers(stat, us)).toBe(open);
  });

  it('is lent to nobody when we are root ourselves', () => {
    expect(isOpenToOthers({ mode: 0o100440, uid: 0, gid: 0 }, { uid: 0, groups: [0] })).toBe(true);
  });
});
