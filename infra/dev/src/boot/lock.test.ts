import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HeldLock, tryLock } from './lock.mjs';
import { startMark } from './process-identity.mjs';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lock-test-'));
  file = path.join(folder, 'inner/the.lock');
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('tryLock', () => {
  it('gives the lock to one holder, names the holder to others, and releases it', () => {
    const first = tryLock(file) as HeldLock;
    expect(first.held).toBe(true);
    expect(tryLock(file)).toMatchObject({ held: false, holder: { pid: process.pid } });
    first.release();
    expect(existsSync(file)).toBe(false);
    expect(tryLock(file).held).toBe(true);
  });

  it.each([
    ['that has exited', () => ({ pid: 2 ** 22 + 1, start: '1' })],
    ['whose pid now belongs to another process', () => ({ pid: process.pid, start: `${startMark(process.pid)}0` })],
    ['that wrote an invalid file', () => 'nonsense'],
  ])('takes over from a holder %s', (_, holder) => {
    (tryLock(file) as HeldLock).release();
    writeFileSync(file, JSON.stringify(holder()));
    expect(tryLock(file).held).toBe(true);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ pid: process.pid });
  });

  it('does not take over while the orphan reaper of a dead holder is running', () => {
    (tryLock(file) as HeldLock).release();
    const guard = { pid: process.pid, start: startMark(process.pid) };
    writeFileSync(file, JSON.stringify({ pid: 2 ** 22 + 1, start: '1', guard }));
    expect(tryLock(file)).toMatchObject({ held: false, holder: { guard } });
  });
});
