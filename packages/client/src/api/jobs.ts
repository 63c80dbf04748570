/** Jobs: submit, read, wait, watch, list; try again, cancel, erase. */
import { setTimeout as delay } from 'node:timers/promises';
import { readEvents } from './lines.ts';
import { persistently, RECONNECT_MS } from './persistently.ts';
import type { Call, Send } from './transport.ts';
import { isFinished, type Job, type JobRequest, type ListQuery, type Page, type Side } from './types.ts';

export interface Abortable {
  signal?: AbortSignal;
}

/** With your own key, a second run of your program is safe too. Without it, the client makes one for the attempts of this call. */
export interface Keyed extends Abortable {
  idempotencyKey?: string;
}

export interface WaitOptions extends Abortable {
  /** Called when the state, the generation or the reason of waiting has changed. */
  onChange?: (job: Job) => void;
}

export interface Jobs {
  /**
   * The key of a job lasts as long as the job. With `waitS` (at most 30) the response may be the finished job.
   */
  submit(request: JobRequest, options?: Keyed & { waitS?: number }): Promise<Job>;
  /** Throws ProblemError `not_found`. */
  get(id: string, options?: Abortable): Promise<Job>;
  /** Long polls until the job has ended, over any number of lost connections; by its id it can be resumed anywhere. */
  wait(id: string, options?: WaitOptions): Promise<Job>;
  /** The job now, at every change of its state, and at its end; comes back after lost connections. */
  watch(id: string, options?: Abortable): AsyncGenerator<Job>;
  /** Every job that matches, newest first, page by page. */
  list(query?: ListQuery, options?: Abortable): AsyncGenerator<Job>;
  page(query?: ListQuery & { cursor?: string }, options?: Abortable): Promise<Page<Job>>;
  retry(id: string, options?: Keyed): Promise<Job>;
  cancel(id: string, options?: Keyed): Promise<Job>;
  erase(id: string, options?: Keyed): Promise<Job>;
  /** The bytes of a crop that the job asked for; throws ProblemError `not_found`. */
  crop(id: string, side: Side, crop: 'portrait' | 'card', options?: Abortable): Promise<Uint8Array>;
  /** The submitted image while it is stored; needs the scope `images:read`. Throws ProblemError `image_gone`. */
  image(id: string, side: Side, options?: Abortable): Promise<Uint8Array>;
}

const LONG_POLL_S = 30;

export function jobsOf(send: Send): Jobs {
  const job = async (method: string, path: string, call?: Call) =>
    (await send(method, path, call)).json() as Promise<Job>;
  const at = (id: string, rest = '') => `/v1/jobs/${encodeURIComponent(id)}${rest}`;

  const jobs: Jobs = {
    submit: (request, { waitS, ...options } = {}) =>
      job('POST', '/v1/jobs', {
        json: request,
        ...options,
        ...(waitS === undefined ? {} : { headers: { prefer: `wait=${waitS}` } }),
      }),
    get: (id, options) => job('GET', at(id), options),

    async wait(id, { signal, onChange } = {}) {
      let known: string | undefined;
      for (;;) {
        const now = await persistently(() => job('GET', at(id), { query: { wait: LONG_POLL_S }, signal }), signal);
        const mark = `${now.generation} ${now.state} ${now.waiting_for}`;
        if (mark !== known) onChange?.(now);
        known = mark;
        if (isFinished(now)) return now;
      }
    },

    async *watch(id, { signal } = {}) {
      for (;;) {
        const response = await persistently(
          () => send('GET', at(id, '/events'), { headers: { accept: 'text/event-stream' }, signal }),
          signal,
        );
        // A stream that ends with an event `problem` is opened again: the response then says whether the key is valid.
        try {
          for await (const now of readEvents<Job>(response.body!, 'state')) {
            yield now;
            if (isFinished(now)) return;
          }
        } catch (error) {
          // Opens a broken stream again: the next one begins with the current state of the job.
          if (signal?.aborted) throw signal.reason;
          if (!(error instanceof TypeError)) throw error;
        }
        await delay(RECONNECT_MS, undefined, { signal });
      }
    },

    async *list(query = {}, options) {
      let cursor: string | undefined;
      do {
        const page: Page<Job> = await jobs.page({ ...query, ...(cursor === undefined ? {} : { cursor }) }, options);
        yield* page.data;
        cursor = page.next_cursor ?? undefined;
      } while (cursor !== undefined);
    },

    async page({ created_after, created_before, ...query } = {}, options) {
      const times = { created_after: iso(created_after), created_before: iso(created_before) };
      const response = await send('GET', '/v1/jobs', { query: { ...query, ...times }, ...options });
      return response.json() as Promise<Page<Job>>;
    },

    retry: (id, options) => job('POST', at(id, '/retry'), options),
    cancel: (id, options) => job('POST', at(id, '/cancel'), options),
    erase: (id, options) => job('DELETE', at(id), options),
    image: async (id, side, options) => {
      const response = await send('GET', at(id, `/${side}/image`), options);
      return new Uint8Array(await response.arrayBuffer());
    },
    crop: async (id, side, crop, options) => {
      const response = await send('GET', at(id, `/${side}/${crop}`), options);
      return new Uint8Array(await response.arrayBuffer());
    },
  };
  return jobs;
}

function iso(time: string | Date | undefined): string | undefined {
  return time instanceof Date ? time.toISOString() : time;
}
