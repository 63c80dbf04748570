// Lets one writer at a time decide over a key, so that conditional writes have exactly one winner.

export class KeyLock {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `work` when all earlier work on the same key has ended, however it ended. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === mine) this.#last.delete(key);
    }
  }
}
