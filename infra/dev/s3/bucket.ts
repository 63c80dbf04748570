// One bucket: object files in a few folders, and their names in memory. Every write is decided under the key's lock against that
// index and counts only when file and folder are on disk; whoever is told "done" or "already there" can rely on it after a crash.
import { mkdir, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Conditions, type Current, checkWrite } from './conditions.ts';
import { FolderSync } from './folder-sync.ts';
import { KeyLock } from './key-lock.ts';
import { encodeTail, type ObjectMeta, type OpenObject, openObject, readMeta } from './object-file.ts';
import { keyOfFile, objectName, shardNames } from './object-name.ts';
import { fromIndexKey, OrderedIndex, toIndexKey } from './ordered-index.ts';
import { S3Error } from './s3-error.ts';
import type { Spool } from './spool.ts';

/** What a listing shows of an object. */
export type ObjectSummary = Current & { key: string; sizeBytes: number };
/** Absent until first needed for objects found at start: starting reads names, not files. */
type Entry = Omit<ObjectSummary, 'key'> | undefined;

export class Bucket {
  readonly name: string;
  readonly names = new OrderedIndex<Entry>();
  readonly #folder: string;
  readonly #sync: boolean;
  readonly #lock = new KeyLock();
  readonly #folderSyncs = new Map<string, FolderSync>();

  private constructor(name: string, folder: string, sync: boolean) {
    this.name = name;
    this.#folder = folder;
    this.#sync = sync;
  }

  /** Opens or creates the bucket in this folder and learns its names: about 0.4 s per 100,000 objects. */
  static async open(name: string, folder: string, sync: boolean): Promise<Bucket> {
    const bucket = new Bucket(name, folder, sync);
    const entries: [string, Entry][] = [];
    for (const shard of shardNames) {
      const path = join(folder, shard);
      await mkdir(path, { recursive: true });
      for (const file of await readdir(path)) {
        const key = keyOfFile(file) ?? (await readMeta(join(path, file))).key;
        entries.push([toIndexKey(key), undefined]);
      }
      if (sync) bucket.#folderSyncs.set(shard, await FolderSync.open(path));
    }
    bucket.names.load(entries);
    return bucket;
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#folderSyncs.values(), (folderSync) => folderSync.close()));
    this.#folderSyncs.clear();
  }

  /** @throws S3Error NoSuchKey. The caller closes the handle. */
  async read(key: string): Promise<OpenObject> {
    if (!this.names.has(toIndexKey(key))) throw new S3Error('NoSuchKey', undefined, { Key: key });
    try {
      return await openObject(this.#path(key));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new S3Error('NoSuchKey', undefined, { Key: key });
      throw error;
    }
  }

  /** Makes the spooled body an object, if the conditions hold at that moment. */
  write(meta: ObjectMeta, spool: Spool, conditions: Conditions): Promise<void> {
    return this.#lock.run(meta.key, async () => {
      checkWrite(await this.#current(meta.key), conditions);
      const sealed = await spool.seal(encodeTail(meta));
      await rename(sealed, this.#path(meta.key));
      spool.release();
      await this.#settle(meta.key);
      const { etag, modifiedAtMs, sizeBytes } = meta;
      this.names.set(toIndexKey(meta.key), { etag, modifiedAtMs, sizeBytes });
    });
  }

  /** Deletes the object if it is there; to delete nothing is a success, as in S3. */
  delete(key: string, conditions: Conditions = {}): Promise<void> {
    return this.#lock.run(key, async () => {
      const present = this.names.has(toIndexKey(key));
      if (conditions.ifMatch !== undefined) checkWrite(await this.#current(key), { ifMatch: conditions.ifMatch });
      if (!present) return;
      await unlink(this.#path(key));
      this.names.delete(toIndexKey(key));
      await this.#settle(key);
    });
  }

  /** The line of a listing; undefined when the object has gone since its name was read. */
  async describe(indexKey: string): Promise<ObjectSummary | undefined> {
    const key = fromIndexKey(indexKey);
    const known = this.names.get(indexKey);
    if (known) return { key, ...known };
    const current = await this.#current(key);
    return current && { key, ...current };
  }

  async #current(key: string): Promise<Entry> {
    const indexKey = toIndexKey(key);
    if (!this.names.has(indexKey)) return undefined;
    const known = this.names.get(indexKey);
    if (known) return known;
    try {
      const { etag, modifiedAtMs, sizeBytes } = await readMeta(this.#path(key));
      const entry = { etag, modifiedAtMs, sizeBytes };
      // A write or a delete may have come first: it knows better.
      if (this.names.has(indexKey) && !this.names.get(indexKey)) this.names.set(indexKey, entry);
      return this.names.get(indexKey);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  #path(key: string): string {
    const { shard, file } = objectName(key);
    return join(this.#folder, shard, file);
  }

  async #settle(key: string): Promise<void> {
    await this.#folderSyncs.get(objectName(key).shard)?.sync();
  }
}
