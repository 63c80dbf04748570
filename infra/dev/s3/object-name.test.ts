import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyOfFile, objectName, shardNames } from './object-name.ts';

const anyKey = fc.string({ unit: 'binary', minLength: 1, maxLength: 300 });

describe('objectName', () => {
  it('is a plain name of at most 255 bytes in a known folder, and contains its key unless that is long', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        const { shard, file } = objectName(key);
        expect(file).toMatch(/^[A-Za-z0-9._~%-]{1,255}$/);
        expect(['.', '..']).not.toContain(file);
        expect(shardNames).toContain(shard);
        const told = keyOfFile(file);
        if (encodeURIComponent(key).length < 150) expect(told).toBe(key);
        else expect([key, undefined]).toContain(told);
      }),
    );
  });

  it('differs for keys that differ only in case, also on file systems that ignore case', () => {
    const [upper, lower] = [objectName('jobs/A'), objectName('jobs/a')];
    expect(upper.file.toLowerCase()).not.toBe(lower.file.toLowerCase());
  });

  it('is one flat name for keys that look like paths', () => {
    expect(objectName('../../etc/passwd').file).toMatch(/^\.\.%2F\.\.%2Fetc%2Fpasswd~[0-9a-f]{16}$/);
    expect(objectName('..').file).toMatch(/^\.\.~/);
  });
});
