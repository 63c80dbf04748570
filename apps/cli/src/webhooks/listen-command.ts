/**
 * `cardseal listen --forward URL`, for development. It registers an endpoint on the loopback, which WEBHOOK_ALLOW_TARGETS
 * must allow. The command verifies every event, forwards it unchanged, and returns the target's
 * status.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verifyWebhook } from '@cardseal/client';
import type { Env } from '@cardseal/core/config';
import { connectionOf } from '../jobs/connection.ts';
import { createTemporaryEndpoint, LIFE_S, untilStopped } from './temporary-endpoint.ts';

export interface ListenOptions {
  forward?: string;
  events?: string[];
  payload: 'full' | 'reference';
  json?: boolean;
}

const FORWARDED_HEADERS = ['content-type', 'webhook-id', 'webhook-timestamp', 'webhook-signature'];

export async function listenCommand(env: Env, options: ListenOptions): Promise<void> {
  const api = apiOf(env);
  // Install the handlers before the registration, so that a signal cannot leave an endpoint registered.
  const stopped = untilStopped();
  let secret = '';
  const server = createServer((request, response) => {
    receive(request, response, () => secret, options).catch(() => response.writeHead(502).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const { payload, events = null } = options;
  const endpoint = await createTemporaryEndpoint(api, { url, payload, events }, stopped);
  secret = endpoint.secret;
  process.stderr.write(`listening as ${endpoint.id}${options.forward ? `, forwarding to ${options.forward}` : ''}\n`);
  if (!stopped.aborted) await once(stopped, 'abort');
  server.close();
  server.closeAllConnections();
  await endpoint.remove().catch((error) => {
    const left = `endpoint ${endpoint.id} could not be removed; it expires within ${LIFE_S / 60} minutes`;
    throw new Error(`${left} (${error instanceof Error ? error.message : String(error)})`);
  });
}

async function receive(
  request: IncomingMessage,
  response: ServerResponse,
  secret: () => string,
  options: ListenOptions,
) {
  const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
  // The test event may arrive before the response with the secret.
  if (secret() === '') return void response.writeHead(503).end();
  const event = verifyWebhook({ body, headers: request.headers, secret: secret() });
  const status = options.forward ? await forward(options.forward, request, body) : 204;
  // Text output holds only ids and states. JSON output holds the whole event.
  const { id, state } = event.data as { id?: string; state?: string };
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ ...event, status })}\n`
      : `${event.type} ${id ?? ''} ${state ?? ''} → ${status}\n`,
  );
  response.writeHead(status).end();
}

async function forward(url: string, request: IncomingMessage, body: Buffer): Promise<number> {
  const headers = Object.fromEntries(FORWARDED_HEADERS.map((name) => [name, String(request.headers[name] ?? '')]));
  try {
    const init = { method: 'POST', headers, body, redirect: 'manual' as const, signal: AbortSignal.timeout(14_000) };
    const answer = await fetch(url, init);
    await answer.body?.cancel();
    return answer.status;
  } catch {
    return 502;
  }
}

function apiOf(env: Env) {
  const { baseUrl, apiKey } = connectionOf(env);
  return async (method: string, route: string, body?: object, signal?: AbortSignal): Promise<unknown> => {
    const headers = { authorization: `Bearer ${apiKey}`, ...(body ? { 'content-type': 'application/json' } : {}) };
    const rest = { ...(body && { body: JSON.stringify(body) }), ...(signal && { signal }) };
    const answer = await fetch(baseUrl + route, { method, headers, ...rest });
    const text = await answer.text();
    const { status } = answer;
    if (!answer.ok) throw Object.assign(new Error(`${method} ${route}: ${status} ${text}`), { status });
    return text === '' ? null : JSON.parse(text);
  };
}
