/** Waiting clients: long polls that repeat as the client library does, and readers of event streams. */
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';

/** Pause between two clients of one kind that connect. */
const ARRIVAL_MS = 10;
const RETRY_MS = 1000;

export interface Crowd {
  /** By job: how long after its outcome each client was notified. */
  told: Map<string, { polledMs?: number; streamedMs?: number }>;
  /** Resolves when every stream has sent its first event. */
  streaming: Promise<unknown>;
  done: Promise<unknown>;
  requests(): number;
  /** How often a client got 503 and repeated its request. */
  refused(): number;
  close(): Promise<void>;
}

interface JobSeen {
  state: string;
  finished_at: string | null;
}

export function gatherCrowd(
  apiUrl: string,
  key: string,
  polled: readonly string[],
  streamed: readonly string[],
): Crowd {
  const clients = new WaitingClients(apiUrl, key);
  const openings = streamed.map(() => Promise.withResolvers<void>());
  const all = [
    ...polled.map(async (job, at) => {
      await delay(at * ARRIVAL_MS);
      return clients.poll(job);
    }),
    ...streamed.map(async (job, at) => {
      await delay(at * ARRIVAL_MS);
      return clients.stream(job, () => openings[at]!.resolve());
    }),
  ];
  return {
    told: clients.told,
    streaming: Promise.all(openings.map(({ promise }) => promise)),
    done: Promise.all(all),
    requests: () => clients.requests,
    refused: () => clients.refused,
    close: () => clients.agent.destroy(),
  };
}

class WaitingClients {
  readonly agent = new Agent({ connections: null, headersTimeout: 0, bodyTimeout: 0, pipelining: 1 });
  readonly told: Crowd['told'] = new Map();
  requests = 0;
  refused = 0;
  readonly #apiUrl: string;
  readonly #headers: Record<string, string>;

  constructor(apiUrl: string, key: string) {
    this.#apiUrl = apiUrl;
    this.#headers = { authorization: `Bearer ${key}` };
  }

  async poll(job: string): Promise<void> {
    for (;;) {
      const { body, statusCode } = await this.#get(`/v1/jobs/${job}?wait=30`);
      const seen = (await body.json()) as JobSeen;
      if (statusCode === 503) await this.#waitToRetry();
      else if (statusCode !== 200) throw new Error(`a poll got ${statusCode}`);
      if (seen.finished_at) return this.#note(job, 'polledMs', seen);
    }
  }

  async stream(job: string, opened: () => void): Promise<void> {
    const { body, statusCode } = await this.#get(`/v1/jobs/${job}/events`);
    if (statusCode === 503) {
      await body.dump();
      await this.#waitToRetry();
      return this.stream(job, opened);
    }
    if (statusCode !== 200) throw new Error(`a stream got ${statusCode}`);
    let text = '';
    for await (const part of body) {
      text += part;
      opened();
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1];
        text = text.slice(end + 2);
        const seen = data === undefined ? null : (JSON.parse(data) as JobSeen);
        if (seen?.finished_at) this.#note(job, 'streamedMs', seen);
      }
    }
    if (this.told.get(job)?.streamedMs === undefined) throw new Error('a stream ended before its job');
  }

  #get(path: string) {
    this.requests++;
    return request(this.#apiUrl + path, { headers: this.#headers, dispatcher: this.agent });
  }

  /** A store under load gives 503; clients repeat the request, as `Retry-After` says. */
  async #waitToRetry(): Promise<void> {
    this.refused++;
    await delay(RETRY_MS);
  }

  #note(job: string, how: 'polledMs' | 'streamedMs', { finished_at }: JobSeen): void {
    const ms = Date.now() - Date.parse(finished_at!);
    this.told.set(job, { ...this.told.get(job), [how]: ms });
  }
}
