/** A small HTTP server that replaces the provider in the tests of this folder; production code must not import it. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface SeenRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly form: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
}

export type Responder = (request: SeenRequest, response: ServerResponse) => void;

/** Responds with `respond`, which a test may replace at any time; `seen` contains every request in order. */
export async function startUpstream(respond: Responder) {
  const seen: SeenRequest[] = [];
  const upstream = { baseUrl: '', seen, respond, connections: 0, stop };
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const url = new URL(request.url!, 'http://upstream');
    const form = new URLSearchParams(Buffer.concat(pieces).toString('latin1'));
    const one = { path: url.pathname, query: url.searchParams, form, headers: request.headers };
    seen.push(one);
    upstream.respond(one, response);
  });
  server.on('connection', () => upstream.connections++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  upstream.baseUrl = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  async function stop(): Promise<void> {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
  return upstream;
}

export type Upstream = Awaited<ReturnType<typeof startUpstream>>;

export function answerJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json;charset=UTF-8' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
