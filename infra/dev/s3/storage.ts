// The data folder: its buckets and its temporary folder. Opening it removes files that a crash left incomplete.
// Only one process at a time may use a folder, because conditional writes are decided inside that process.
import { mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Bucket } from './bucket.ts';
import { FolderSync } from './folder-sync.ts';
import { shardNames } from './object-name.ts';
import { S3Error } from './s3-error.ts';
import { Spool } from './spool.ts';

export class Storage {
  readonly buckets = new Map<string, Bucket>();
  readonly #root: string;
  readonly #sync: boolean;

  private constructor(root: string, sync: boolean) {
    this.#root = root;
    this.#sync = sync;
  }

  static async open(root: string, sync: boolean): Promise<Storage> {
    const storage = new Storage(root, sync);
    await rm(storage.#tempFolder, { recursive: true, force: true });
    await mkdir(storage.#tempFolder, { recursive: true, mode: 0o700 });
    await mkdir(storage.#bucketsFolder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(storage.#bucketsFolder)) {
      storage.buckets.set(name, await Bucket.open(name, storage.#folderOf(name), sync));
    }
    return storage;
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.buckets.values(), (bucket) => bucket.close()));
    this.buckets.clear();
  }

  /** A new spool for an incoming body. */
  spool(): Spool {
    return new Spool(this.#tempFolder, this.#sync);
  }

  /** @throws S3Error NoSuchBucket */
  bucket(name: string): Bucket {
    const bucket = this.buckets.get(name);
    if (!bucket) throw new S3Error('NoSuchBucket', undefined, { BucketName: name });
    return bucket;
  }

  async createBucket(name: string): Promise<void> {
    // The rules of S3 for names. They also keep every name inside the data folder.
    const valid = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes('..');
    if (!valid) throw new S3Error('InvalidBucketName', undefined, { BucketName: name });
    if (this.buckets.has(name)) throw new S3Error('BucketAlreadyOwnedByYou', undefined, { BucketName: name });
    this.buckets.set(name, await Bucket.open(name, this.#folderOf(name), this.#sync));
    if (this.#sync) await syncOnce(this.#folderOf(name), this.#bucketsFolder);
  }

  async deleteBucket(name: string): Promise<void> {
    const bucket = this.bucket(name);
    if (bucket.names.size > 0) throw new S3Error('BucketNotEmpty', undefined, { BucketName: name });
    await bucket.discardVersions();
    this.buckets.delete(name);
    await bucket.close();
    // `rmdir` removes only empty folders: it fails instead of deleting an object that was written meanwhile.
    for (const shard of shardNames) await rmdir(join(this.#folderOf(name), shard));
    await rmdir(this.#folderOf(name));
  }

  get #tempFolder(): string {
    return join(this.#root, 'tmp');
  }

  get #bucketsFolder(): string {
    return join(this.#root, 'buckets');
  }

  #folderOf(bucket: string): string {
    return join(this.#bucketsFolder, bucket);
  }
}

async function syncOnce(...paths: string[]): Promise<void> {
  for (const path of paths) {
    const folder = await FolderSync.open(path);
    await folder.sync();
    await folder.close();
  }
}
