// The parts of a write: one writer at a time per key, and shared folder syncs that never begin before a rename they must cover.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FolderSync } from './folder-sync.ts';
import { KeyLock } from './key-lock.ts';
import { encodeTail, type ObjectMeta, openObject } from './object-file.ts';
import { Spool } from './spool.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'writing-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('KeyLock', () => {
  it('runs work on one key in order, on different keys at the same time, and continues after a failure', async () => {
    const lock = new KeyLock();
    const seen: string[] = [];
    const gate = Promise.withResolvers<void>();
    const first = lock.run('a', () => gate.promise.then(() => Promise.reject(new Error('first failed'))));
    const second = lock.run('a', async () => void seen.push('second'));
    await lock.run('b', async () => void seen.push('other key'));
    gate.resolve();
    await expect(first).rejects.toThrow('first failed');
    await second;
    expect(seen).toEqual(['other key', 'second']);
  });
});

describe('FolderSync', () => {
  it('shares one sync between waiting callers, and starts another one for later callers', async () => {
    const sync = await FolderSync.open(folder);
    const running = sync.sync();
    const sharing = [sync.sync(), sync.sync()];
    expect(sharing[0]).toBe(sharing[1]);
    await running;
    const late = sync.sync();
    expect(late).not.toBe(running);
    await Promise.all([...sharing, late]);
    await sync.close();
  });
});

describe('Spool and object file', () => {
  const meta: ObjectMeta = { key: 'k', sizeBytes: 0, etag: 'e', modifiedAtMs: 1, headers: {}, metadata: {} };
  for (const sizeBytes of [0, 10, 5000, 3_000_000]) {
    it(`stores a body of ${sizeBytes} bytes and its description in one file`, async () => {
      const body = Buffer.alloc(sizeBytes, 'z');
      const spool = new Spool(folder, true);
      for (let at = 0; at < body.length; at += 700_000) await spool.write(body.subarray(at, at + 700_000));
      const path = await spool.seal(encodeTail({ ...meta, sizeBytes }));
      const opened = await openObject(path);
      const { size } = await opened.handle.stat();
      await opened.handle.close();
      expect(opened.meta).toEqual({ ...meta, sizeBytes });
      expect(size).toBe(sizeBytes + encodeTail({ ...meta, sizeBytes }).length);
      await spool.discard();
    });
  }

  it('leaves no file after a discard, and refuses a file that is not a complete object', async () => {
    const spool = new Spool(folder, false);
    await spool.write(Buffer.alloc(2_000_000));
    const path = await spool.seal(Buffer.from('not a description'));
    await expect(openObject(path)).rejects.toThrow('incomplete');
    await spool.discard();
    expect(await readdir(folder)).toEqual([]);
  });
});
