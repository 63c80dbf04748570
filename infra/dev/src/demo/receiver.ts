/**
 * A webhook consumer for the demo. It verifies each event with the reference library of Standard Webhooks, not with
 * Cardseal's code, and keeps the events.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface ReceivedEvent {
  id: string;
  atMs: number;
  verified: boolean;
  type: string;
  data: { id: string; generation: number };
}

export interface Receiver {
  url: string;
  /** Resolves with the job's event. Rejects if it does not arrive within `timeoutMs`. */
  eventOf(job: string, timeoutMs: number): Promise<ReceivedEvent>;
  useSecret(secret: string): void;
  stop(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const events = new Map<string, PromiseWithResolvers<ReceivedEvent>>();
  let webhook: Webhook | undefined;
  const expected = (job: string) => {
    const present = events.get(job) ?? Promise.withResolvers<ReceivedEvent>();
    events.set(job, present);
    return present;
  };

  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).toString();
    const headers = request.headers as Record<string, string>;
    const verified = verifies(webhook, body, headers);
    const { type, data } = JSON.parse(body);
    response.writeHead(verified ? 204 : 401).end();
    expected(data.id).resolve({ id: headers['webhook-id']!, atMs: Date.now(), verified, type, data });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`,
    useSecret(secret) {
      webhook = new Webhook(secret);
    },
    eventOf(job, timeoutMs) {
      const late = new Promise<never>((_, reject) => {
        setTimeout(() => reject(new Error(`no webhook for ${job} within ${timeoutMs} ms`)), timeoutMs).unref();
      });
      return Promise.race([expected(job).promise, late]);
    },
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function verifies(webhook: Webhook | undefined, body: string, headers: Record<string, string>): boolean {
  try {
    webhook?.verify(body, headers);
    return webhook !== undefined;
  } catch {
    return false;
  }
}
