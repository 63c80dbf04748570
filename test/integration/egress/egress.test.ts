import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { problemsFrom } from '@cardseal/core/config';
import { createTracing, inSpan } from '@cardseal/core/trace';
import { createIdCardClient } from '@cardseal/providers/baidu';
import { createTargetGuard, createWebhookSender } from '@cardseal/webhook';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { nodeAgents } from '../../../packages/base/src/egress/node-agents.ts';
import { storeTime } from '../../../packages/base/src/egress/store-time.ts';
import { type ProxyEnvironment, readProxies } from '../../../packages/core/src/config/proxies.ts';

const PROXY = 'http://proxy.bank:3128';
const proxied = (url: string, env: ProxyEnvironment) => readProxies(env)(new URL(url))?.href;

describe('the choice of a proxy', () => {
  it.each([
    ['https://ocr.example.com', { HTTPS_PROXY: PROXY }, `${PROXY}/`],
    ['https://ocr.example.com', { HTTPS_PROXY: 'proxy.bank:3128' }, `${PROXY}/`],
    ['https://ocr.example.com', { HTTP_PROXY: PROXY }, undefined],
    ['http://ocr.example.com', { HTTP_PROXY: PROXY }, `${PROXY}/`],
    ['https://ocr.example.com', { HTTPS_PROXY: PROXY, NO_PROXY: 'example.org' }, `${PROXY}/`],
    ['https://myexample.com', { HTTPS_PROXY: PROXY, NO_PROXY: 'example.com' }, `${PROXY}/`],
    ['https://ocr.example.com:8443', { HTTPS_PROXY: PROXY, NO_PROXY: 'example.com:443' }, `${PROXY}/`],
    ['https://11.0.0.1', { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.0/8' }, `${PROXY}/`],
  ])('%s with %o goes through %s', (url, env, href) => {
    expect(proxied(url, env)).toBe(href);
  });

  it.each([
    '*',
    'example.com',
    '.example.com',
    '*.example.com',
    'OCR.example.com',
    'a.b, example.com:443',
    'a example.com',
  ])('NO_PROXY %s bypasses it', (NO_PROXY) => {
    expect(proxied('https://ocr.example.com', { HTTPS_PROXY: PROXY, NO_PROXY })).toBeUndefined();
  });

  it('bypasses it for addresses and ranges', () => {
    const env = { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.0/8,fd00::/8,192.168.1.1,[2001:db8::1]' };
    for (const host of ['10.1.2.3', '[fd12::1]', '192.168.1.1', '[2001:db8::1]']) {
      expect(proxied(`https://${host}`, env), host).toBeUndefined();
    }
  });

  it.each(['localhost', 'api.localhost', '127.0.0.1', '127.9.9.9', '[::1]', '[::ffff:127.0.0.1]', '2130706433'])(
    'never sends %s to a proxy',
    (host) => {
      expect(proxied(`https://${host}:8443`, { HTTPS_PROXY: PROXY })).toBeUndefined();
    },
  );

  it.each(['socks5://proxy', 'http://', 'ftp://proxy', 'http://user:secret@:1', 'http://user:secret%@proxy'])(
    'refuses the proxy %s',
    (HTTPS_PROXY) => {
      const [problem] = problemsFrom(() => readProxies({ HTTPS_PROXY }));
      expect(problem).toMatch(/^HTTPS_PROXY: must be the URL of an HTTP proxy/);
      expect(problem).not.toContain('secret');
    },
  );
});

/** A CONNECT proxy that resolves every name to this machine, as one with a private name server would. */
describe('through a proxy', () => {
  const pem = (kind: 'key' | 'cert') =>
    readFileSync(new URL(`../../vectors/tls/hook.example.com.${kind}.pem`, import.meta.url));
  let asked: { target: string | undefined; authorization: string | undefined }[] = [];
  let refuse = 0;
  const proxy = createServer();
  const target = createServer((_, response) => void response.end('{"ok":1}'));
  const secure = createHttps({ key: pem('key'), cert: pem('cert') }, (_, response) => void response.end('private'));
  const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port;

  beforeAll(async () => {
    proxy.on('connect', (request, client, head) => {
      asked.push({ target: request.url, authorization: request.headers['proxy-authorization'] });
      if (refuse) return void client.end(`HTTP/1.1 ${refuse} No\r\ncontent-length: 0\r\n\r\n`);
      const upstream = connect(Number(request.url?.split(':').at(-1)), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.write(head);
        upstream.pipe(client).pipe(upstream);
      });
      for (const end of [client, upstream]) end.on('error', () => {});
    });
    // Node's own agents send plain HTTP in absolute form, without a tunnel.
    proxy.on('request', (request, response) => {
      asked.push({ target: URL.parse(request.url ?? '')?.host, authorization: request.headers['proxy-authorization'] });
      response.end();
    });
    for (const server of [proxy, target, secure] as Server[])
      await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  });
  afterAll(() => {
    for (const server of [proxy, target, secure]) server.close();
  });
  afterEach(() => {
    asked = [];
    refuse = 0;
  });
  const proxyUrl = () => `http://me:p%40ss@127.0.0.1:${portOf(proxy)}`;
  const both = () => readProxies({ HTTP_PROXY: proxyUrl(), HTTPS_PROXY: proxyUrl() });
  const AUTHORIZATION = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;

  it('a provider is called, with the user and password of the proxy', async () => {
    const name = `ocr.test:${portOf(target)}`;
    const client = createIdCardClient({ baseUrl: `http://${name}`, proxyFor: both() });
    expect(await client.send({ path: '/x', body: Buffer.from('a=b') })).toMatchObject({ status: 200 });
    expect(asked).toEqual([{ target: name, authorization: AUTHORIZATION }]);
    await client.stop();
  });

  it.each([403, 407, 502])('a proxy that refuses with %i means that the provider was never called', async (status) => {
    refuse = status;
    const client = createIdCardClient({ baseUrl: 'https://ocr.test', proxyFor: both() });
    const sent = client.send({ path: '/x', body: Buffer.from('a=b') });
    await expect(sent).rejects.toMatchObject({ code: 'upstream_unreachable', fields: { billed: 'no' } });
    await client.stop();
  });

  it.each(['https', 'http'])("AWS' SDK asks the proxy for a store by %s", async (scheme) => {
    const host = `s3.test:${portOf(scheme === 'https' ? secure : target)}`;
    const endpoint = `${scheme}://${host}`;
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
    const requestHandler = nodeAgents(both(), endpoint, 4);
    const client = new S3Client({
      endpoint,
      region: 'x',
      credentials,
      forcePathStyle: true,
      maxAttempts: 1,
      requestHandler,
    });
    // The certificate is for another name. This test checks only which host the SDK contacts.
    await client.send(new ListBucketsCommand()).catch(() => {});
    expect(asked).toEqual([{ target: host, authorization: AUTHORIZATION }]);
    client.destroy();
  });

  it('the clock reads the time of the store', async () => {
    const name = `s3.test:${portOf(target)}`;
    const witness = storeTime({
      endpoint: `http://${name}`,
      region: 'x',
      proxyFor: readProxies({ HTTP_PROXY: proxyUrl() }),
    });
    expect(Math.abs((await witness()) - Date.now())).toBeLessThan(5000);
    expect(asked).toEqual([{ target: name, authorization: AUTHORIZATION }]);
  });

  it('spans reach their collector', async () => {
    const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://collector.test:4318';
    const tracing = createTracing('worker', { OTEL_EXPORTER_OTLP_ENDPOINT, HTTP_PROXY: proxyUrl() });
    await tracing.start();
    await inSpan('call', {}, async () => {});
    await tracing.stop();
    expect(asked).toEqual([{ target: 'collector.test:4318', authorization: AUTHORIZATION }]);
  });

  describe('webhooks', () => {
    async function deliver(url: string, tenant: string[] = []) {
      const name = `hook.example.com:${portOf(secure)}`;
      const guard = createTargetGuard({
        allowTargets: `${name},10.0.0.0/8`,
        production: true,
        proxyFor: both(),
        tls: { ca: pem('cert') },
        resolve: () => Promise.reject(new Error('the proxy resolves names')),
      });
      const sender = createWebhookSender({ guard });
      try {
        return await sender.send({ url, targets: tenant, headers: {}, body: Buffer.from('{}') });
      } finally {
        sender.close();
      }
    }

    it('check the certificate inside the tunnel, and keep no body', async () => {
      const name = `hook.example.com:${portOf(secure)}`;
      expect(await deliver(`https://${name}/`)).toEqual({
        class: 'delivered',
        status: 200,
        latencyMs: expect.any(Number),
      });
      expect(asked.map((one) => one.target)).toEqual([name]);
    });

    it('are refused by their text before the proxy is asked', async () => {
      for (const url of [
        'https://10.1.2.3/',
        'https://169.254.169.254/',
        'https://db.bank.internal/',
        'https://127.0.0.1/',
      ]) {
        expect((await deliver(url)).class, url).toBe('target_refused');
      }
      // A range cannot allow a name whose address only the proxy knows.
      expect((await deliver('https://db.bank.internal/', ['10.0.0.0/8'])).class).toBe('target_refused');
      expect(asked).toEqual([]);
    });

    it("take the proxy's refusal for a refused target, its 5xx for the receiver's, and the rest for ours", async () => {
      const url = 'https://hook.example.com/';
      refuse = 403;
      expect((await deliver(url)).class).toBe('target_refused');
      refuse = 503;
      expect((await deliver(url)).class).toBe('connection');
      refuse = 407;
      await expect(deliver(url)).rejects.toMatchObject({ code: 'webhook_proxy_unavailable', disposition: 'transient' });
    });
  });
});
