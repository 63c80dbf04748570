// The noncurrent versions of one bucket's objects: one file each, in a folder per key. A bucket has no such folder until
// versioning is switched on. The current version is stored like any other object of the bucket.
import { createHash, randomBytes } from 'node:crypto';
import { access, link, mkdir, readdir, readFile, rename, rm, rmdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ObjectMeta, type OpenObject, openObject, readMeta } from './object-file.ts';
import { S3Error } from './s3-error.ts';

/** The states of S3; undefined if versioning was never switched on. */
export type Versioning = 'Enabled' | 'Suspended';

/** The version id of objects that are written while versioning is not enabled. */
export const nullVersion = 'null';

/** Version ids ascend with their creation time. They are opaque to clients. */
export function newVersionId(nowMs: number): string {
  return nowMs.toString(16).padStart(12, '0') + (counter++ & 0xffff).toString(16).padStart(4, '0') + randomHex();
}
let counter = 0;
const randomHex = () => randomBytes(8).toString('hex');

/** @throws S3Error InvalidArgument for an id of another form. This also keeps the path of a version inside its folder. */
export function checkVersionId(id: string): string {
  if (id === nullVersion || /^[0-9a-f]{32}$/.test(id)) return id;
  throw new S3Error('InvalidArgument', 'Invalid version id specified');
}

export class Versions {
  readonly #folder: string;
  readonly #stateFile: string;
  #state: Versioning | undefined;

  private constructor(bucketFolder: string, state: Versioning | undefined) {
    this.#folder = join(bucketFolder, 'versions');
    this.#stateFile = join(bucketFolder, 'versioning');
    this.#state = state;
  }

  static async open(bucketFolder: string): Promise<Versions> {
    const text = await readFile(join(bucketFolder, 'versioning'), 'utf8').catch(() => '');
    return new Versions(bucketFolder, text === 'Enabled' || text === 'Suspended' ? text : undefined);
  }

  get state(): Versioning | undefined {
    return this.#state;
  }

  async switch(state: Versioning): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    await writeFile(this.#stateFile, state);
    this.#state = state;
  }

  /** Links the object file as a version while it is still the current one, so that a crash in between loses nothing. */
  async keep(path: string, { key, versionId = nullVersion }: ObjectMeta): Promise<void> {
    const kept = await this.#place(key, versionId);
    await unlink(kept).catch(ignoreAbsence);
    await link(path, kept);
  }

  /** Moves a finished file into place as a delete marker. */
  async add(path: string, { key, versionId = nullVersion }: ObjectMeta): Promise<void> {
    await rename(path, await this.#place(key, versionId));
  }

  /** @throws S3Error NoSuchVersion. The caller closes the handle. */
  async read(key: string, versionId: string): Promise<OpenObject> {
    try {
      return await openObject(this.#path(key, versionId));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      throw new S3Error('NoSuchVersion', undefined, { Key: key, VersionId: versionId });
    }
  }

  async remove(key: string, versionId: string): Promise<void> {
    await unlink(this.#path(key, versionId)).catch(ignoreAbsence);
    await rmdir(this.#folderOf(key)).catch(() => undefined);
  }

  /** The newest version of the key and its file, or undefined. */
  async newest(key: string): Promise<{ meta: ObjectMeta; path: string } | undefined> {
    const ids = await readdir(this.#folderOf(key)).catch(() => [] as string[]);
    const paths = ids.map((id) => this.#path(key, id));
    const all = await Promise.all(paths.map(async (path) => ({ path, meta: await readMeta(path) })));
    return all.sort((a, b) => a.meta.modifiedAtMs - b.meta.modifiedAtMs || (a.path < b.path ? -1 : 1)).at(-1);
  }

  /** @throws S3Error BucketNotEmpty if a version exists. */
  async discard(): Promise<void> {
    if (
      await access(this.#folder).then(
        () => true,
        () => false,
      )
    ) {
      await rmdir(this.#folder).catch(() => {
        throw new S3Error('BucketNotEmpty');
      });
    }
    await rm(this.#stateFile, { force: true });
  }

  async #place(key: string, versionId: string): Promise<string> {
    await mkdir(this.#folderOf(key), { recursive: true });
    return this.#path(key, versionId);
  }

  #folderOf(key: string): string {
    return join(this.#folder, createHash('sha256').update(key, 'utf8').digest('hex'));
  }

  #path(key: string, versionId: string): string {
    return join(this.#folderOf(key), versionId);
  }
}

function ignoreAbsence(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
