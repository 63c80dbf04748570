/** Those who wait: long polls that come again as the client does, and readers of event streams. */
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';

/** Between two of a kind that come. */
const ARRIVAL_MS = 10;

export interface Crowd {
  /** When each was told of the end of its job, and how long after the outcome: by job. */
  told: Map<string, { polledMs?: number; streamedMs?: number }>;
  /** Resolves when that many streams have sent their first event. */
  streaming: Promise<unknown>;
  done: Promise<unknown>;
  requests(): number;
  /** How often one of them was answered 503 and came again. */
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
  const agent = new Agent({ connections: null, headersTimeout: 0, bodyTimeout: 0, pipelining: 1 });
  const headers = { authorization: `Bearer ${key}` };
  const told: Crowd['told'] = new Map();
  let requests = 0;
  let refused = 0;
  const note = (job: string, how: 'polledMs' | 'streamedMs', { finished_at }: JobSeen) => {
    const ms = Date.now() - Date.parse(finished_at!);
    told.set(job, { ...told.get(job), [how]: ms });
  };

  /** As any client does that is told to: a store under load is no reason to give up. */
  async function comeAgain(): Promise<void> {
    refused++;
    await delay(1000);
  }

  async function poll(job: string): Promise<void> {
    for (;;) {
      requests++;
      const { body, statusCode } = await request(`${apiUrl}/v1/jobs/${job}?wait=30`, { headers, dispatcher: agent });
      const seen = (await body.json()) as JobSeen;
      if (statusCode === 503) await comeAgain();
      else if (statusCode !== 200) throw new Error(`a poll was answered ${statusCode}`);
      if (seen.finished_at) return note(job, 'polledMs', seen);
    }
  }

  async function stream(job: string, opened: () => void): Promise<void> {
    requests++;
    const { body, statusCode } = await request(`${apiUrl}/v1/jobs/${job}/events`, { headers, dispatcher: agent });
    if (statusCode === 503) {
      await body.dump();
      await comeAgain();
      return stream(job, opened);
    }
    if (statusCode !== 200) throw new Error(`a stream was answered ${statusCode}`);
    let text = '';
    for await (const part of body) {
      text += part;
      opened();
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1];
        text = text.slice(end + 2);
        const seen = data === undefined ? null : (JSON.parse(data) as JobSeen);
        if (seen?.finished_at) note(job, 'streamedMs', seen);
      }
    }
    if (told.get(job)?.streamedMs === undefined) throw new Error('a stream ended before its job');
  }

  const openings = streamed.map(() => Promise.withResolvers<void>());
  const after = (at: number) => delay(at * ARRIVAL_MS);
  const all = [
    ...polled.map(async (job, at) => {
      await after(at);
      return poll(job);
    }),
    ...streamed.map(async (job, at) => {
      await after(at);
      return stream(job, () => openings[at]!.resolve());
    }),
  ];
  return {
    told,
    streaming: Promise.all(openings.map(({ promise }) => promise)),
    done: Promise.all(all),
    requests: () => requests,
    refused: () => refused,
    close: () => agent.destroy(),
  };
}
