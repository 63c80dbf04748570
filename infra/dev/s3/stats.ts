// Counts requests by operation and by the first part of the key, so that benchmarks can report the S3 requests per job by kind.
// It must never store whole keys.

export class Stats {
  readonly #byOperation = new Map<string, number>();
  readonly #byPrefix = new Map<string, number>();

  count(operation: string, key: string): void {
    const prefix = key.includes('/') ? key.slice(0, key.indexOf('/') + 1) : '';
    add(this.#byOperation, operation);
    add(this.#byPrefix, `${operation} ${prefix}`.trim());
  }

  /** `{PutObject: 9, …}` by operation, `{"PutObject jobs/": 5, …}` by prefix. */
  read(by: 'operation' | 'prefix'): Record<string, number> {
    const counts = by === 'prefix' ? this.#byPrefix : this.#byOperation;
    return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  reset(): void {
    this.#byOperation.clear();
    this.#byPrefix.clear();
  }
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
