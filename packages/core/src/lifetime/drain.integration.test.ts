import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { drainServer } from './drain.ts';

describe('draining a server', () => {
  let server: Server;
  afterEach(() => void server.closeAllConnections());

  async function listen(onRequest: RequestListener) {
    server = createServer(onRequest);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }
  /** Everything that the server sends until it closes the connection. */
  async function request(port: number, onData = () => {}): Promise<string> {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    let text = '';
    socket.on('data', (part) => {
      text += part;
      onData();
    });
    await once(socket, 'close');
    return text;
  }

  it('finishes a request in progress, and refuses new connections', async () => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    const { promise: go, resolve: release } = Promise.withResolvers<void>();
    const port = await listen(async (_request, response) => {
      arrive();
      await go;
      response.end('done');
    });
    const answer = request(port);
    await arrived;
    const drained = drainServer(server, { graceMs: 30_000 });
    const refused = connect(port, '127.0.0.1');
    expect(await once(refused, 'error')).toMatchObject([{ code: 'ECONNREFUSED' }]);
    release();
    expect(await answer).toContain('done');
    await drained;
  });

  it('closes an idle connection at once', async () => {
    const port = await listen((_request, response) => void response.end('done'));
    const { promise: answered, resolve } = Promise.withResolvers<void>();
    const answer = request(port, resolve);
    await answered;
    const startedMs = performance.now();
    await drainServer(server, { graceMs: 30_000 });
    expect(await answer).toContain('done');
    expect(performance.now() - startedMs).toBeLessThan(5000);
  });

  it('calls `onLate` after the grace period, then closes the remaining connections', async () => {
    const port = await listen(() => {});
    const answer = request(port);
    await once(server, 'request');
    let late = 0;
    await drainServer(server, { graceMs: 10, onLate: () => late++ });
    expect(late).toBe(1);
    expect(await answer).toBe('');
  });

  it('skips the rest of the grace period when it must hurry', async () => {
    const port = await listen(() => {});
    const answer = request(port);
    await once(server, 'request');
    const hurry = new AbortController();
    const drained = drainServer(server, { graceMs: 60_000, hurry: hurry.signal });
    hurry.abort();
    await drained;
    expect(await answer).toBe('');
  });
});
