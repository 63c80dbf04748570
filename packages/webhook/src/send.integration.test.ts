import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createWebhookSender, type SendInput, type WebhookSender } from './send.ts';
import { sign } from './sign.ts';
import { createTargetGuard } from './ssrf-guard.ts';

type Callback = (error: Error, socket: null) => void;

const guard = createTargetGuard({ allowTargets: '127.0.0.0/8', production: false });
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function sender(options: { maxOrigins?: number; now?: () => number } = {}): WebhookSender {
  const made = createWebhookSender({ guard, ...options });
  closers.push(() => made.close());
  return made;
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function receiver(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  const origin = await listen(server);
  closers.push(() => server.closeAllConnections());
  return origin;
}

/** A TCP server that says what it likes, and whose sockets die with the test. */
async function rawReceiver(onSocket: (socket: Socket) => void): Promise<string> {
  const server = createTcp((socket) => {
    closers.push(() => socket.destroy());
    socket.on('error', () => socket.destroy());
    onSocket(socket);
  });
  return await listen(server);
}

const request = (url: string, change: Partial<SendInput> = {}): SendInput => ({
  url,
  headers: {},
  body: Buffer.from('{"type":"x"}'),
  deadlineMs: 5_000,
  ...change,
});

describe('what arrives', () => {
  it('is the very bytes and headers, under our name', async () => {
    let got: { headers: IncomingMessage['headers']; body: Buffer; url?: string | undefined } | undefined;
    const origin = await receiver(async (incoming, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      got = { headers: incoming.headers, body: Buffer.concat(chunks), url: incoming.url };
      response.writeHead(202).end('thanks');
    });
    const body = Buffer.from('{"name": "测试" }\n');
    const headers = sign({ id: 'msg_1', timestampS: 1_700_000_000, body, secrets: [`whsec_${'A'.repeat(32)}`] });
    const sent = request(`${origin}/hook?a=b%20c`, { body, headers: { ...headers, 'x-own': 'yes' } });
    const result = await sender().send(sent);
    expect(result).toMatchObject({ class: 'delivered', status: 202, answer: Buffer.from('thanks') });
    expect(got?.body).toEqual(body);
    expect(got?.url).toBe('/hook?a=b%20c');
    expect(got?.headers).toMatchObject({
      ...headers,
      'x-own': 'yes',
      'user-agent': 'Cardseal-Webhooks/1',
      'content-type': 'application/json',
      'content-length': String(body.length),
    });
  });

  it('comes over kept connections', async () => {
    const sockets = new Set<unknown>();
    const origin = await receiver((incoming, response) => {
      sockets.add(incoming.socket);
      response.end();
    });
    const one = sender();
    for (let n = 0; n < 5; n++) expect(await one.send(request(origin))).toMatchObject({ class: 'delivered' });
    // A connection is free again a moment after its response was read, so a second one may be opened meanwhile.
    expect(sockets.size).toBeLessThanOrEqual(2);
  });

  it('closes the connections of the origin unused for longest', async () => {
    const origins: string[] = [];
    const ended: Promise<unknown>[] = [];
    for (let n = 0; n < 3; n++) {
      const server = createServer((_, response) => response.end());
      ended.push(once(server, 'connection').then(([socket]) => once(socket as Socket, 'close')));
      origins.push(await listen(server));
    }
    const small = sender({ maxOrigins: 2 });
    for (const origin of origins) expect((await small.send(request(origin))).class).toBe('delivered');
    await ended[0];
  });

  it('uses no proxy of the environment', async () => {
    process.env.HTTP_PROXY = 'http://127.0.0.1:1';
    closers.push(() => delete process.env.HTTP_PROXY);
    const origin = await receiver((_, response) => response.end());
    expect((await sender().send(request(origin))).class).toBe('delivered');
  });
});

describe('answers', () => {
  it.each([
    [204, 'delivered'],
    [404, 'client_error'],
    [410, 'gone'],
    [500, 'server_error'],
    [503, 'throttling'],
  ])('%i is %s', async (status, expected) => {
    const origin = await receiver((_, response) => response.writeHead(status).end());
    expect(await sender().send(request(origin))).toEqual({ class: expected, status, latencyMs: expect.any(Number) });
  });

  it.each([301, 302, 307, 308])('a %i is never followed', async (status) => {
    let calls = 0;
    const origin = await receiver((incoming, response) => {
      calls += 1;
      response.writeHead(status, { location: `http://${incoming.headers.host}/elsewhere` }).end();
    });
    expect(await sender().send(request(origin))).toMatchObject({ class: 'redirect', status });
    expect(calls).toBe(1);
  });

  it.each([
    [429, '7', 7_000],
    [503, 'Thu, 01 Jan 2026 00:02:00 GMT', 120_000],
    [429, '99999999', 86_400_000],
    [502, '7', undefined],
    [429, 'soon', undefined],
  ])('%i with Retry-After %s', async (status, header, expected) => {
    const origin = await receiver((_, response) => response.writeHead(status, { 'retry-after': header }).end());
    const result = await sender({ now: () => Date.UTC(2026, 0, 1) }).send(request(origin));
    expect(result.class).toBe('throttling');
    expect(result.retryAfterMs).toBe(expected);
  });

  it('an endless body is cut off at the limit, and its start kept', async () => {
    let closed: Promise<unknown> | undefined;
    const origin = await receiver((incoming, response) => {
      closed = new Promise((resolve) => incoming.socket.once('close', resolve));
      const pour = () => {
        while (!response.destroyed && response.write(Buffer.alloc(1024, 'a')));
      };
      response.on('drain', pour);
      pour();
    });
    const result = await sender().send(request(origin, { maxReadBytes: 8192, keepBytes: 100 }));
    expect(result).toMatchObject({ class: 'delivered', answer: Buffer.alloc(100, 'a') });
    await closed;
  });

  it('keeps 4 KiB by default', async () => {
    const origin = await receiver((_, response) => response.end(Buffer.alloc(10_000, 'b')));
    expect((await sender().send(request(origin))).answer).toHaveLength(4096);
  });
});

describe('a response that is not as it should be', () => {
  const FINAL = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

  /** Answers each request on a connection with these bytes. */
  async function answering(bytes: string, isLast = false): Promise<string> {
    return rawReceiver((socket) => {
      let seen = '';
      socket.on('data', (part) => {
        seen += part.toString('latin1');
        if (!seen.endsWith('{"type":"x"}')) return;
        seen = '';
        if (isLast) socket.end(bytes);
        else socket.write(bytes);
      });
    });
  }

  it.each([
    ['100, once', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['100, twice', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n'],
    ['101', 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'],
    ['102 and 103', 'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'],
  ])('is delivered after %s, and its connection serves the next one', async (_what, interim) => {
    const origin = await answering(interim + FINAL);
    const one = sender();
    for (let n = 0; n < 3; n++) {
      expect(await one.send(request(origin))).toMatchObject({ class: 'delivered', status: 200 });
    }
  });

  it('is a failed connection after 33 interim responses', async () => {
    const origin = await answering('HTTP/1.1 102 Processing\r\n\r\n'.repeat(33) + FINAL);
    expect(await sender().send(request(origin))).toEqual({ class: 'connection', latencyMs: expect.any(Number) });
  });

  it.each([
    ['a short body', 'HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nok', true],
    ['no last chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n', true],
    ['a broken chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nok\r\n', true],
    ['the same length twice', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok', false],
    ['two different lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok', true],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      false,
    ],
  ])('is delivered with status 200 and %s', async (_what, bytes, isBroken) => {
    const result = await sender().send(request(await answering(bytes, true)));
    expect(result).toMatchObject({ class: 'delivered', status: 200 });
    expect(result.brokenBody).toBe(isBroken || undefined);
  });

  it.each([
    [200, 'delivered'],
    [410, 'gone'],
    [429, 'throttling'],
    [500, 'server_error'],
  ])('keeps status %i when the connection breaks within the body', async (status, expected) => {
    const origin = await rawReceiver((socket) => {
      const start = `HTTP/1.1 ${status} X\r\ncontent-length: 10\r\n\r\nabc`;
      socket.once('data', () => socket.write(start, () => setTimeout(() => socket.resetAndDestroy(), 50)));
    });
    expect(await sender().send(request(origin))).toMatchObject({ class: expected, status, brokenBody: true });
  });
});

describe('a certificate that cannot be trusted', () => {
  const { authorities, receivers } = JSON.parse(
    readFileSync(new URL('../../../test/vectors/receiver-certificates.json', import.meta.url), 'utf8'),
  ) as { authorities: string; receivers: Record<string, { key: string; cert: string }> };
  const trusting = createTargetGuard({ allowTargets: '127.0.0.0/8', production: false, tls: { ca: authorities } });

  async function send(name: string) {
    // The lowest security level lets the server offer what the client must refuse.
    const server = createTlsServer({ ...receivers[name], ciphers: 'DEFAULT:@SECLEVEL=0' }, (_, response) =>
      response.end(),
    );
    server.on('tlsClientError', () => {});
    const origin = await listen(server);
    closers.push(() => server.closeAllConnections());
    const one = createWebhookSender({ guard: trusting });
    closers.push(() => one.close());
    return one.send(request(origin.replace('http:', 'https:')));
  }

  it('control: a good one is trusted', async () => {
    expect((await send('good')).class).toBe('delivered');
  });

  it.each(Object.keys(receivers).filter((name) => name !== 'good'))('%s is class tls', async (name) => {
    expect(await send(name)).toEqual({ class: 'tls', latencyMs: expect.any(Number) });
  });

  it('a receiver that closes within the handshake is class tls', async () => {
    const origin = await rawReceiver((socket) => socket.once('data', () => socket.destroy()));
    expect((await sender().send(request(origin.replace('http:', 'https:')))).class).toBe('tls');
  });

  it('a client certificate that the receiver requires after the handshake is class tls', async () => {
    const options = { ...receivers.good, ca: authorities, requestCert: true, rejectUnauthorized: true };
    const server = createTlsServer(options, (_, response) => response.end());
    server.on('tlsClientError', () => {});
    const origin = await listen(server);
    const one = createWebhookSender({ guard: trusting });
    closers.push(() => one.close());
    expect((await one.send(request(origin.replace('http:', 'https:')))).class).toBe('tls');
  });
});

describe('failures of the receiver', () => {
  const deadlineMs = 150;

  it('half-open: accepts and never answers', async () => {
    const origin = await rawReceiver((socket) => socket.resume());
    const result = await sender().send(request(origin, { deadlineMs }));
    expect(result).toEqual({ class: 'timeout', latencyMs: expect.any(Number) });
    expect(result.latencyMs).toBeLessThan(5_000);
  });

  it('a name server that never answers counts against the deadline too', async () => {
    const silent = createTargetGuard({
      allowTargets: '127.0.0.0/8',
      production: false,
      resolve: () => new Promise(() => {}),
    });
    const one = createWebhookSender({ guard: silent });
    closers.push(() => one.close());
    expect((await one.send(request('http://n.example.com/', { deadlineMs }))).class).toBe('timeout');
  });

  it('a connection that comes too late carries no request any more', async () => {
    const bodies: string[] = [];
    const origin = await receiver(async (incoming, response) => {
      for await (const chunk of incoming) bodies.push(String(chunk));
      response.end();
    });
    const gate = Promise.withResolvers<string[]>();
    const resolve = () => gate.promise;
    const late = createTargetGuard({ allowTargets: '127.0.0.0/8', production: false, resolve });
    const one = createWebhookSender({ guard: late });
    closers.push(() => one.close());
    const url = origin.replace('127.0.0.1', 'n.example.com');
    expect((await one.send(request(url, { deadlineMs, body: Buffer.from('late') }))).class).toBe('timeout');
    gate.resolve(['127.0.0.1']);
    for (const text of ['second', 'third']) {
      expect((await one.send(request(url, { body: Buffer.from(text) }))).class).toBe('delivered');
    }
    expect(bodies).toEqual(['second', 'third']);
  });

  it('half-open TLS: accepts and never shakes hands', async () => {
    const origin = await rawReceiver((socket) => socket.resume());
    const url = origin.replace('http:', 'https:');
    const result = await sender().send(request(url, { deadlineMs }));
    expect(result.class).toBe('timeout');
    expect(result.latencyMs).toBeLessThan(5_000);
  });

  it('plain text where TLS was expected', async () => {
    const origin = await rawReceiver((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect((await sender().send(request(origin.replace('http:', 'https:')))).class).toBe('tls');
  });

  it.each([
    ['headers', 'HTTP/1.1 200 OK\r\nx-a: ', { class: 'timeout' }],
    ['a body', 'HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n', { class: 'delivered', brokenBody: true }],
    ['a body', 'HTTP/1.1 500 No\r\ncontent-length: 100000\r\n\r\n', { class: 'server_error', brokenBody: true }],
  ])('drips %s: an idle timer would never fire', async (_what, start, expected) => {
    const origin = await rawReceiver((socket) => {
      socket.write(start);
      const drip = setInterval(() => socket.write('a'), 10);
      socket.on('close', () => clearInterval(drip));
    });
    const result = await sender().send(request(origin, { deadlineMs }));
    expect(result).toMatchObject(expected);
    expect(result.latencyMs).toBeLessThan(5_000);
  });

  it.each([
    ['at once', ''],
    ['within the headers', 'HTTP/1.1 200 OK\r\nx-a: b'],
    ['after an interim response', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ])('resets %s', async (_when, start) => {
    const origin = await rawReceiver((socket) => {
      socket.once('data', () => socket.write(start, () => socket.resetAndDestroy()));
    });
    expect((await sender().send(request(origin))).class).toBe('connection');
  });

  it('answers something that is no HTTP', async () => {
    const origin = await rawReceiver((socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
    expect((await sender().send(request(origin))).class).toBe('connection');
  });

  it('answers with headers without end', async () => {
    const origin = await rawReceiver((socket) => socket.end(`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(40_000)}\r\n\r\n`));
    expect((await sender().send(request(origin))).class).toBe('connection');
  });

  it('is not there', async () => {
    const server = createTcp();
    const origin = await listen(server);
    server.close();
    await once(server, 'close');
    expect(await sender().send(request(origin))).toEqual({ class: 'connection', latencyMs: expect.any(Number) });
  });

  it('keeps nothing of a refused target', async () => {
    expect(await sender().send(request('http://10.0.0.1/'))).toEqual({
      class: 'target_refused',
      latencyMs: expect.any(Number),
    });
  });
});

describe('what is ours', () => {
  it('is thrown: a header that cannot be sent', async () => {
    const origin = await receiver((_, response) => response.end());
    const sent = sender().send(request(origin, { headers: { 'x-a': 'b\r\nc' } }));
    await expect(sent).rejects.toMatchObject({ code: 'webhook_send_defect', disposition: 'defect' });
  });

  it.each([
    [
      'no file is left',
      (callback: Callback) => callback(Object.assign(new Error('x'), { code: 'EMFILE' }), null),
      'webhook_sender_short',
      'transient',
    ],
    [
      'an error of this code before it dials',
      () => {
        throw new TypeError('x');
      },
      'webhook_send_defect',
      'defect',
    ],
  ])('is thrown: %s', async (_what, dial, expected, disposition) => {
    const broken = createTargetGuard({
      allowTargets: '127.0.0.0/8',
      production: false,
      dial: (_, callback) => dial(callback),
    });
    const one = createWebhookSender({ guard: broken });
    closers.push(() => one.close());
    const sent = one.send(request('http://127.0.0.1:1/'));
    await expect(sent).rejects.toMatchObject({ code: expected, disposition });
  });

  it('is thrown: a signal that was aborted before', async () => {
    const origin = await receiver((_, response) => response.end());
    const sent = sender().send(request(origin, { signal: AbortSignal.abort(new Error('stopped')) }));
    await expect(sent).rejects.toThrow('stopped');
  });

  it('is thrown: a sender that is closed, now and later', async () => {
    const one = sender();
    const origin = await rawReceiver((socket) => socket.once('data', () => one.close()));
    await expect(one.send(request(origin))).rejects.toMatchObject({ code: 'webhook_sender_closed' });
    await expect(one.send(request(origin))).rejects.toMatchObject({ code: 'webhook_sender_closed' });
  });

  it('is thrown: shutdown is no failure of the receiver', async () => {
    const stop = new AbortController();
    const origin = await rawReceiver((socket) => socket.once('data', () => stop.abort(new Error('stopping'))));
    await expect(sender().send(request(origin, { signal: stop.signal }))).rejects.toThrow('stopping');
  });
});
