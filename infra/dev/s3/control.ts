// The control routes for tests: they set faults and read counts under `/__control/`, which cannot be a bucket name.
// They need no credentials, so they accept only callers on the loopback.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Faults } from './faults.ts';
import type { Stats } from './stats.ts';

export const controlPath = '/__control/';

export async function handleControl(
  request: IncomingMessage,
  response: ServerResponse,
  faults: Faults,
  stats: Stats,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://control');
  const remote = request.socket.remoteAddress ?? '';
  if (!/^(::ffff:)?127\.|^::1$/.test(remote)) return respond(response, 403, { error: 'loopback only' });
  switch (`${request.method} ${url.pathname}`) {
    case 'PUT /__control/faults':
      return setFaults(request, response, url, faults);
    case 'GET /__control/faults':
      return respond(response, 200, faults.read());
    case 'DELETE /__control/faults':
      faults.clear();
      return respond(response, 200, []);
    case 'GET /__control/stats':
      return respond(response, 200, stats.read(url.searchParams.get('by') === 'prefix' ? 'prefix' : 'operation'));
    case 'POST /__control/stats/reset':
      stats.reset();
      return respond(response, 200, {});
    default:
      return respond(response, 404, { error: 'no such control' });
  }
}

async function setFaults(request: IncomingMessage, response: ServerResponse, url: URL, faults: Faults): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const seed = url.searchParams.get('seed');
  try {
    faults.set(JSON.parse(Buffer.concat(chunks).toString('utf8')), seed === null ? undefined : Number(seed));
  } catch (error) {
    return respond(response, 400, { error: (error as Error).message });
  }
  return respond(response, 200, faults.read());
}

function respond(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
