/**
 * A webhook consumer with a chosen behaviour per path. It keeps every request unchanged; two libraries without code of
 * this project verify them.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';

export interface Arrival {
  path: string;
  id: string;
  raw: string;
  headers: IncomingHttpHeaders;
  atMs: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests assert the members that they use
  event: any;
}

export type Behaviour = (response: ServerResponse, arrival: Arrival, request: IncomingMessage) => void;

export interface Receiver {
  url(path: string): string;
  arrivals: Arrival[];
  /** The default responds 204. */
  behave(path: string, behaviour: Behaviour): void;
  /**
   * Resolves with the matching arrivals once there are `count`. Without a filter, endpoint test events do not count.
   */
  next(wanted: (arrival: Arrival) => boolean, count?: number): Promise<Arrival[]>;
  stop(): Promise<void>;
}

export const answer =
  (status: number, headers: Record<string, string> = {}): Behaviour =>
  (response) =>
    void response.writeHead(status, headers).end();

export async function startReceiver(options: { keep?: boolean } = {}): Promise<Receiver> {
  const manners = new Map<string, Behaviour>();
  const arrivals: Arrival[] = [];
  const watchers = new Set<() => void>();
  const server = createServer(async (request, response) => {
    // A killed sender leaves half a request, which does not count as an arrival.
    const raw = await Array.fromAsync(request as AsyncIterable<Buffer>).then(
      (chunks) => Buffer.concat(chunks).toString(),
      () => null,
    );
    if (raw === null) return;
    const path = request.url ?? '/';
    const id = String(request.headers['webhook-id']);
    const arrival = { path, id, raw, headers: request.headers, atMs: Date.now(), event: JSON.parse(raw) };
    // The test event at registration gets the default response, whatever the behaviour of the path.
    if (arrival.event.type === 'endpoint.test') return void response.writeHead(204).end();
    if (options.keep !== false) arrivals.push(arrival);
    (manners.get(path) ?? answer(204))(response, arrival, request);
    for (const check of watchers) check();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4096, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: (path) => `http://127.0.0.1:${port}${path}`,
    arrivals,
    behave: (path, behaviour) => void manners.set(path, behaviour),
    next(wanted, count = 1) {
      const { promise, resolve } = Promise.withResolvers<Arrival[]>();
      const check = () => {
        const found = arrivals.filter(wanted);
        if (found.length < count) return;
        watchers.delete(check);
        resolve(found);
      };
      watchers.add(check);
      check();
      return promise;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Throws unless both the reference library and Svix's accept the signature. */
export function verifyTwice({ raw, headers }: Arrival, secret: string): void {
  new Webhook(secret).verify(raw, headers as Record<string, string>);
  new SvixWebhook(secret).verify(raw, headers as Record<string, string>);
}

export interface SentTwice {
  ids: Set<string>;
  bodies: Set<string>;
}

/** Distinct ids and bodies among arrivals of one subject. I3 expects one of each. */
export function seenOf(arrivals: readonly Arrival[]): SentTwice {
  return { ids: new Set(arrivals.map(({ id }) => id)), bodies: new Set(arrivals.map(({ raw }) => raw)) };
}
