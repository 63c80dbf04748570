// Where an incoming body waits until it is known to be whole and wanted: in memory while small, in the temp folder when large.
// Nothing it writes is ever visible as an object; only the bucket's rename makes it one.
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';

const memoryLimitBytes = 1024 * 1024;

export class Spool {
  readonly #folder: string;
  readonly #sync: boolean;
  #chunks: Buffer[] = [];
  #chunkBytes = 0;
  #path: string | undefined;
  #handle: FileHandle | undefined;

  constructor(folder: string, sync: boolean) {
    this.#folder = folder;
    this.#sync = sync;
  }

  async write(chunk: Buffer): Promise<void> {
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.length;
    if (this.#chunkBytes > memoryLimitBytes) await this.#flush();
  }

  /** Writes the rest and the tail, makes all of it durable and gives the file's path, ready to be renamed. */
  async seal(tail: Buffer): Promise<string> {
    this.#chunks.push(tail);
    const handle = await this.#flush();
    if (this.#sync) await handle.datasync();
    await handle.close();
    this.#handle = undefined;
    return this.#path as string;
  }

  /** Forgets everything. Safe at any time; after a rename there is nothing left to remove. */
  async discard(): Promise<void> {
    this.#chunks = [];
    await this.#handle?.close().catch(() => undefined);
    this.#handle = undefined;
    if (this.#path) await unlink(this.#path).catch(() => undefined);
    this.#path = undefined;
  }

  /** Call when the file has become an object, so that `discard` leaves it alone. */
  release(): void {
    this.#path = undefined;
  }

  async #flush(): Promise<FileHandle> {
    if (!this.#handle) {
      this.#path = join(this.#folder, randomUUID());
      this.#handle = await open(this.#path, 'wx', 0o600);
    }
    const data = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#chunkBytes = 0;
    let written = 0;
    while (written < data.length) written += (await this.#handle.write(data, written)).bytesWritten;
    return this.#handle;
  }
}
