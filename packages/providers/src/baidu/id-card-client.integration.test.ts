import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createIdCardClient, type IdCardClient, type IdCardClientOptions } from './id-card-client.ts';
import { answerJson, startUpstream, type Upstream } from './upstream-for-tests.ts';

const SECRET = '24.secret+token/with=odd&characters';
const request = { path: '/rest/2.0/ocr/v1/idcard_enc', token: SECRET, body: Buffer.from('image=abc') };

function selfSigned(): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'cardseal-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  execFileSync('openssl', [...args, '-subj', '/CN=localhost', '-keyout', key, '-out', cert], { stdio: 'pipe' });
  const pair = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(folder, { recursive: true });
  return pair;
}

let upstream: Upstream;
const clients: IdCardClient[] = [];

function client(options: Partial<IdCardClientOptions> = {}): IdCardClient {
  const made = createIdCardClient({ baseUrl: upstream.baseUrl, ...options });
  clients.push(made);
  return made;
}

beforeEach(async () => {
  upstream = await startUpstream((_, response) => answerJson(response, { ok: 1 }));
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((made) => made.stop()));
  await upstream.stop();
});

describe('the call', () => {
  it('posts the form with its length, the token in the query, and gives the whole answer', async () => {
    const response = await client().send(request);
    expect(response).toMatchObject({ status: 200, contentType: 'application/json;charset=UTF-8' });
    expect(response.bytes.toString()).toBe('{"ok":1}');
    expect(response.latencyMs).toBeGreaterThanOrEqual(0);
    const [seen] = upstream.seen;
    expect(seen!.query.get('access_token')).toBe(SECRET);
    expect(seen!.form.get('image')).toBe('abc');
    expect(seen!.headers).toMatchObject({
      'content-length': '9',
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(seen!.headers['transfer-encoding']).toBeUndefined();
  });

  it('keeps its connections', async () => {
    const one = client();
    for (let n = 0; n < 20; n++) await one.send(request);
    // The pool may open a second one while the first is still being handed back.
    expect(upstream.connections).toBeLessThanOrEqual(2);
  });

  it('does not follow a redirect', async () => {
    upstream.respond = (_, response) => response.writeHead(302, { location: '/elsewhere' }).end();
    expect(await client().send(request)).toMatchObject({ status: 302 });
    expect(upstream.seen).toHaveLength(1);
  });

  it('hangs no longer than the deadline when no headers come', async () => {
    upstream.respond = () => {};
    const error = await client({ deadlineMs: 100 })
      .send(request)
      .catch((thrown) => thrown);
    expect(error).toMatchObject({
      code: 'upstream_timeout',
      disposition: 'transient',
      fields: { upstreamClass: 'transient', billed: 'unknown' },
    });
  });

  it('counts a drip against the same deadline', async () => {
    const timers: NodeJS.Timeout[] = [];
    upstream.respond = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      timers.push(setInterval(() => response.write(' '), 10));
    };
    await expect(client({ deadlineMs: 150 }).send(request)).rejects.toThrow('upstream_timeout');
    for (const timer of timers) clearInterval(timer);
  });

  it('stops reading at the bound', async () => {
    upstream.respond = (_, response) => {
      const more = () => {
        while (response.write(Buffer.alloc(65_536, 0x20)));
        response.once('drain', more);
      };
      more();
    };
    await expect(client({ maxResponseBytes: 1_000_000 }).send(request)).rejects.toMatchObject({
      code: 'upstream_reply_too_large',
    });
  });

  it('accepts a response of exactly the limit', async () => {
    upstream.respond = (_, response) => response.end(Buffer.alloc(1_000));
    expect((await client({ maxResponseBytes: 1_000 }).send(request)).bytes).toHaveLength(1_000);
    await expect(client({ maxResponseBytes: 999 }).send(request)).rejects.toThrow('upstream_reply_too_large');
  });

  it.each([
    ['before the headers', (response: import('node:http').ServerResponse) => response.destroy()],
    [
      'in the body',
      (response: import('node:http').ServerResponse) =>
        response.writeHead(200, { 'content-length': '100' }).write('{', () => response.destroy()),
    ],
  ])('a connection that breaks %s may have been billed', async (_, breakOff) => {
    upstream.respond = (__, response) => void breakOff(response);
    await expect(client().send(request)).rejects.toMatchObject({
      code: 'upstream_connection',
      fields: { upstreamClass: 'transient', billed: 'unknown' },
    });
  });

  it('a connection that was never established was not billed', async () => {
    const gone = await startUpstream(() => {});
    await gone.stop();
    await expect(client({ baseUrl: gone.baseUrl }).send(request)).rejects.toMatchObject({
      code: 'upstream_unreachable',
      fields: { billed: 'no' },
    });
  });

  it('does not send to a server with an untrusted certificate', async () => {
    const server = createServer(selfSigned(), (_, response) => response.end('{}')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const baseUrl = `https://localhost:${(server.address() as { port: number }).port}`;
    await expect(client({ baseUrl }).send(request)).rejects.toMatchObject({
      code: 'upstream_unreachable',
      fields: { billed: 'no' },
    });
    server.close();
  });

  it('a handshake that fails without a code was not billed either', async () => {
    const server = createTcpServer((socket) => socket.end('this is no TLS')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const baseUrl = `https://localhost:${(server.address() as { port: number }).port}`;
    await expect(client({ baseUrl }).send(request)).rejects.toMatchObject({
      code: 'upstream_unreachable',
      fields: { billed: 'no' },
    });
    server.close();
  });

  it('rejects with the reason of the caller that aborts', async () => {
    const controller = new AbortController();
    upstream.respond = () => controller.abort(new Error('shutting down'));
    await expect(client().send({ ...request, signal: controller.signal })).rejects.toThrow('shutting down');
    await expect(client().send({ ...request, signal: controller.signal })).rejects.toThrow('shutting down');
    expect(upstream.seen).toHaveLength(1);
  });

  it('never lets the token into an error', async () => {
    upstream.respond = (_, response) => response.destroy();
    const broken = await client()
      .send(request)
      .catch((error) => error);
    upstream.respond = () => {};
    const late = await client({ deadlineMs: 50 })
      .send(request)
      .catch((error) => error);
    for (const error of [broken, late]) {
      const all = inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error) + error.stack;
      expect(all).not.toContain('24.secret');
    }
  });

  it.each(['', 'aip.baidubce.com', 'file:///etc/passwd'])('refuses the base URL %j', (baseUrl) => {
    expect(() => createIdCardClient({ baseUrl })).toThrow('upstream_base_url_invalid');
  });
});
