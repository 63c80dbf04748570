// Makes renames durable: one sync of a folder covers every earlier rename, so under load many writers share one sync.
// A writer must wait for a sync that began after its rename.
import { type FileHandle, open } from 'node:fs/promises';

export class FolderSync {
  readonly #handle: FileHandle;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  static async open(path: string): Promise<FolderSync> {
    return new FolderSync(await open(path, 'r'));
  }

  /** Resolves when everything renamed into the folder before the call is on disk. */
  sync(): Promise<void> {
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        // This sync does not cover renames that follow, so later callers wait for the next one.
        this.#running = this.#next as Promise<void>;
        this.#next = undefined;
        return this.#handle.sync();
      });
    return this.#next;
  }

  async close(): Promise<void> {
    await (this.#next ?? this.#running).catch(() => undefined);
    await this.#handle.close();
  }
}
