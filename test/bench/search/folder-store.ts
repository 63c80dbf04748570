/**
 * Writes the folder of the S3 double directly, without its listener and without fsync, for a ledger that is created
 * before the stack starts. Each object equals the result of a PUT.
 */
import { createHash } from 'node:crypto';
import type { ObjectStore } from '@cardseal/object-store';
import { listNames } from '../../../infra/dev/s3/listing.ts';
import { fromIndexKey, toIndexKey } from '../../../infra/dev/s3/ordered-index.ts';
import { Storage } from '../../../infra/dev/s3/storage.ts';

const PAGE = 1000;

export interface FolderStore {
  store: ObjectStore;
  objects(): number;
  close(): Promise<void>;
}

export async function openFolderStore(dataDir: string, bucketName: string): Promise<FolderStore> {
  const storage = await Storage.open(dataDir, false);
  if (!storage.buckets.has(bucketName)) await storage.createBucket(bucketName);
  const bucket = storage.bucket(bucketName);

  async function put(key: string, body: Buffer): Promise<void> {
    const spool = storage.spool();
    if (body.length > 0) await spool.write(body);
    const etag = createHash('md5').update(body).digest('hex');
    const meta = { key, sizeBytes: body.length, etag, modifiedAtMs: Date.now(), headers: {}, metadata: {} };
    await bucket.write(meta, spool, {});
  }
  async function get(key: string): Promise<Buffer | null> {
    const opened = await bucket.read(key).catch((error: { code?: string }) => {
      if (error.code === 'NoSuchKey') return null;
      throw error;
    });
    await opened?.handle.close();
    if (opened && !opened.body) throw new Error(`${key} is larger than this store writes`);
    return opened && Buffer.from(opened.body!);
  }

  return {
    store: {
      get,
      put,
      // There are no other writers, so every create succeeds.
      async create(key, body) {
        const present = await get(key);
        if (present) return present.equals(body);
        await put(key, body);
        return true;
      },
      async delete(keys) {
        for (const key of keys) await bucket.delete(key);
      },
      async list(prefix, { startAfter = '', limit = PAGE } = {}) {
        const query = { prefix: toIndexKey(prefix), delimiter: '', after: toIndexKey(startAfter), limit };
        const { keys, next } = listNames(bucket.names, query);
        return { keys: keys.map(fromIndexKey), next: next ? fromIndexKey(keys.at(-1)!) : null };
      },
    },
    objects: () => bucket.names.size,
    close: () => storage.close(),
  };
}
