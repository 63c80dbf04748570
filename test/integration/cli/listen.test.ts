/** Runs `cardseal listen` as a process: it removes its endpoint after any signal, however often it arrives. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const CLI = path.resolve(import.meta.dirname, '../../../apps/cli/src/main.ts');
const SLOW_MS = 400;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** An API that takes its time for every change, so that signals arrive in the middle of it. */
async function slowApi() {
  const calls: string[] = [];
  const asked = new Map<string, PromiseWithResolvers<void>>();
  const when = (method: string) => {
    const known = asked.get(method) ?? Promise.withResolvers<void>();
    asked.set(method, known);
    return known;
  };
  const server = createServer((request, response) => {
    const method = request.method ?? '';
    request.resume();
    when(method).resolve();
    setTimeout(() => {
      calls.push(`${method} ${request.url}`);
      const json = method === 'POST' ? JSON.stringify({ id: 'we_1', secret: 'whsec_x' }) : '';
      response.writeHead(method === 'POST' ? 201 : 204).end(json);
    }, SLOW_MS);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  closers.push(() => server.closeAllConnections());
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    asked: (method: string) => when(method).promise,
  };
}

function listen(url: string) {
  const env = { ...process.env, CARDSEAL_URL: url, CARDSEAL_API_KEY: 'csk_x' };
  const child = spawn(process.execPath, [CLI, 'listen'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  closers.push(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  const listening = new Promise<void>((resolve) => {
    let said = '';
    child.stderr.on('data', (part) => {
      said += part;
      if (said.includes('listening as we_1')) resolve();
    });
  });
  return { child, ended, listening };
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

describe('cardseal listen', () => {
  it.each(SIGNALS)('removes its endpoint on %s, also when signals repeat while it removes', async (signal) => {
    const api = await slowApi();
    const { child, ended, listening } = listen(api.url);
    await listening;
    child.kill(signal);
    await api.asked('DELETE');
    for (const again of [signal, ...SIGNALS]) child.kill(again);
    expect(await ended).toEqual([0, null]);
    expect(api.calls).toEqual(['POST /v1/webhook-endpoints', 'DELETE /v1/webhook-endpoints/we_1']);
  });

  it('removes an endpoint whose registration was still open at the signal', async () => {
    const api = await slowApi();
    const { child, ended } = listen(api.url);
    await api.asked('POST');
    child.kill('SIGINT');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    expect(api.calls.at(-1)).toBe('DELETE /v1/webhook-endpoints/we_1');
  });
});
