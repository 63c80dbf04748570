// A full disk under the double: writers get 503, stored objects stay intact, and freed space can be written again.
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { createObjectStore } from '../../../infra/dev/s3/index.ts';
import { refusalOf } from './refusal.ts';
import { testsTheDouble } from './store-under-test.ts';

const keys = { accessKeyId: 'FULL', secretAccessKey: 'full-secret' };
const Bucket = 'ledger';

/** A file system of 3 MB, or undefined without the right to mount one. */
function mountSmall(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

it.skipIf(!testsTheDouble)('a full disk is 503, corrupts nothing and leaves nothing behind', async ({ skip }) => {
  const folder = await mkdtemp(join(tmpdir(), 'full-'));
  if (!mountSmall(folder)) {
    await rm(folder, { recursive: true });
    skip('mounting a small file system needs root');
  }
  const dataDir = join(folder, 'data');
  const store = createObjectStore({ dataDir, port: 0, region: 'us-east-1', buckets: [Bucket], credentials: [keys] });
  try {
    const endpoint = `http://127.0.0.1:${(await store.start()).port}`;
    const client = new S3Client({
      endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: keys,
      maxAttempts: 1,
    });
    const put = (Key: string, size: number) =>
      client.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.alloc(size, Key) }));
    for (const Key of 'abcdefg') await put(Key, 400_000);
    for (const size of [600_000, 2_500_000]) {
      expect(await refusalOf(put('x', size))).toEqual({ code: 'SlowDown', status: 503 });
      expect(await refusalOf(put('a', size))).toEqual({ code: 'SlowDown', status: 503 });
    }
    const stored = (await client.send(new ListObjectsV2Command({ Bucket }))).Contents ?? [];
    expect(stored.map(({ Key, Size }) => [Key, Size])).toEqual(Array.from('abcdefg', (key) => [key, 400_000]));
    for (const { Key } of stored) {
      const text = await (await client.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString();
      expect(text).toBe(Key?.repeat(400_000));
    }
    expect(await readdir(join(dataDir, 'tmp'))).toEqual([]);
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'b' }));
    await put('h', 400_000);
    client.destroy();
  } finally {
    await store.stop();
    execFileSync('umount', [folder]);
    await rm(folder, { recursive: true });
  }
});
