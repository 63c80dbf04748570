/** Writes wrong Lua and shows that the check refuses it. */
import { describe, expect, it } from 'vitest';
import { findLuaDefects } from './check.ts';

/** `file:line message` for each finding. */
function defects(files: Readonly<Record<string, string>>): string[] {
  const found = findLuaDefects(Object.keys(files), (file) => {
    if (!(file in files)) throw new Error(`${file} is missing`);
    return files[file]!;
  });
  return found.map(({ file, line, message }) => `${file}:${line} ${message}`);
}

describe('one script', () => {
  it.each([
    ['a syntax error', 'if x then', 'does not parse'],
    ['Lua newer than 5.1', 'local a <const> = 1 return a', 'does not parse'],
    ['an undefined name', '\nreturn nwo', 'a.lua:2 "nwo" is undefined'],
    ['a name that Redis lacks', 'return os.time()', '"os" is undefined'],
    ['a write to a global', 'total = 1', '"total" is undefined'],
    ['a global function', 'function f() end', '"f" is undefined'],
    ['a name used after its block', 'if KEYS then local a = 1 return a end return a', '"a" is undefined'],
    ['a local that reads itself before it exists', 'local a = a + 1 return a', '"a" is undefined'],
    ['a local that nothing reads', '\nlocal a = 1', 'a.lua:2 local "a" is never read'],
    ['a parameter that nothing reads', 'local function f(a) return 1 end return f(1)', 'local "a" is never read'],
    ['a local function that nothing calls', 'local function f() return 1 end', 'local "f" is never read'],
    ['a missing include', '--- @include "absent"', 'includes/absent.lua is missing'],
  ])('refuses %s', (_, text, message) => {
    expect(defects({ 'a.lua': text }).join('\n')).toContain(message);
  });

  it.each([
    ['what Redis gives', "return redis.call('GET', KEYS[1]) or cjson.encode({ a = 1, [2] = 3, tonumber(ARGV[1]) })"],
    ['a constant of the loader', '--- @constants limits, rules\nreturn limits.most + rules.least'],
    ['recursion', 'local function f(n) if n == 0 then return 0 end return f(n - 1) end return f(3)'],
    ['loops', 'local t = 0 for i = 1, 3 do t = t + i end for _, v in ipairs(KEYS) do t = t + #v end return t'],
    ['a local of a repeat in its condition', 'repeat local a = 1 until a == 1'],
    ['an ignored name', 'local _first, second = unpack(KEYS) return second'],
  ])('accepts %s', (_, text) => {
    expect(defects({ 'a.lua': text })).toEqual([]);
  });
});

describe('includes', () => {
  const shared = 'local function twice(n) return 2 * n end\nlocal function half(n) return n / 2 end';

  it('accepts a local of an include that one of the scripts reads', () => {
    const scripts = {
      'lua/a.lua': '--- @include "shared"\nreturn twice(2)',
      'lua/b.lua': '--- @include "shared"\nreturn half(2)',
    };
    expect(defects({ ...scripts, 'lua/includes/shared.lua': shared })).toEqual([]);
  });

  it('refuses a local that no script reads, at its place in the include', () => {
    const files = { 'lua/a.lua': '--- @include "shared"\nreturn twice(2)', 'lua/includes/shared.lua': shared };
    expect(defects(files)).toEqual(['lua/includes/shared.lua:2 local "half" is never read: delete it']);
  });

  it('refuses an include that no script uses', () => {
    expect(defects({ 'lua/includes/shared.lua': shared })).toEqual([expect.stringContaining('no script includes')]);
  });
});
