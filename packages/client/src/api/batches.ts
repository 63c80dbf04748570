/** Batches: thousands of cards in one request, and their results in one stream. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Abortable, Keyed } from './jobs.ts';
import { jsonLines, readJsonLines } from './lines.ts';
import { persistently } from './persistently.ts';
import type { Send } from './transport.ts';
import type { Batch, BatchResult, JobRequest } from './types.ts';

export interface BatchWaitOptions extends Abortable {
  /** Called after every poll. */
  onProgress?: (batch: Batch) => void;
  /** Between two looks; 2 s by default. */
  everyMs?: number;
}

export interface Batches {
  /**
   * At most 10,000 requests, sent as they are iterated, and therefore tried once: a key of your own lets you send the
   * whole again safely.
   */
  create(requests: Iterable<JobRequest> | AsyncIterable<JobRequest>, options?: Keyed): Promise<Batch>;
  get(id: string, options?: Abortable): Promise<Batch>;
  wait(id: string, options?: BatchWaitOptions): Promise<Batch>;
  /** A line for every line of the batch, in its order. */
  results(id: string, options?: Abortable): AsyncGenerator<BatchResult>;
  cancel(id: string, options?: Keyed): Promise<Batch>;
}

export function batchesOf(send: Send): Batches {
  const at = (id: string, rest = '') => `/v1/batches/${encodeURIComponent(id)}${rest}`;
  const batches: Batches = {
    async create(requests, options) {
      const headers = { 'content-type': 'application/x-ndjson' };
      const response = await send('POST', '/v1/batches', { body: jsonLines(requests), headers, ...options });
      return response.json() as Promise<Batch>;
    },
    get: async (id, options) => (await send('GET', at(id), options)).json() as Promise<Batch>,
    async wait(id, { signal, onProgress, everyMs = 2000 } = {}) {
      for (;;) {
        const batch = await persistently(() => batches.get(id, signal ? { signal } : {}), signal);
        onProgress?.(batch);
        if (batch.state !== 'running') return batch;
        await delay(everyMs, undefined, { signal });
      }
    },
    async *results(id, options) {
      const response = await send('GET', at(id, '/results'), options);
      yield* readJsonLines<BatchResult>(response.body!);
    },
    cancel: async (id, options) => (await send('POST', at(id, '/cancel'), options)).json() as Promise<Batch>,
  };
  return batches;
}
