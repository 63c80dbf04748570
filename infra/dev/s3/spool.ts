// Stores an incoming body until it is complete and accepted: in memory while it is small, in the temporary folder when it is large.
// Its file is not visible as an object. Only the bucket's rename makes it one.
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

  /** Writes the rest and the tail, makes the file durable and returns its path, ready for the rename. */
  async seal(tail: Buffer): Promise<string> {
    this.#chunks.push(tail);
    const handle = await this.#flush();
    if (this.#sync) await handle.datasync();
    await handle.close();
    this.#handle = undefined;
    return this.#path as string;
  }

  /** Drops everything. Safe at any time; after `release` there is no file to remove. */
  async discard(): Promise<void> {
    this.#chunks = [];
    await this.#handle?.close().catch(() => undefined);
    this.#handle = undefined;
    if (this.#path) await unlink(this.#path).catch(() => undefined);
    this.#path = undefined;
  }

  /** Call this after the rename, so that `discard` does not remove the object's file. */
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
