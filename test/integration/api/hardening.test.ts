/** Requests made to hurt: each is refused at once, with a problem document, and costs the others nothing. */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, startTestApi, type TestApi } from '../../support/api.ts';
import { plainJpeg } from '../../support/images.ts';
import { answerOf, openSocket, sendRaw } from '../../support/raw-http.ts';

const PROMPT_MS = 2000;
const TIMEOUT_MS = 1000;

describe('hostile requests', () => {
  let api: TestApi;
  let key: string;
  let jpeg: Buffer;
  beforeAll(async () => {
    api = await startTestApi({ requestTimeoutMs: TIMEOUT_MS });
    key = await api.key('bank');
    jpeg = await plainJpeg();
  });
  afterAll(() => api.stop());

  const prompt = async <T>(work: Promise<T>): Promise<T> => {
    const startedMs = performance.now();
    const answer = await work;
    expect(performance.now() - startedMs).toBeLessThan(PROMPT_MS);
    return answer;
  };
  const post = (
    path: string,
    body: NonNullable<RequestInit['body']>,
    type?: string,
    more: Record<string, string> = {},
  ) => prompt(api.call('POST', path, { key, body, headers: { ...(type ? { 'content-type': type } : {}), ...more } }));
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  const image = () => jpeg.toString('base64');

  describe('JSON', () => {
    it.each([33, 100_000, 30_000_000])('nested %i deep is refused before it is parsed', async (depth) => {
      const { body } = await post('/v1/jobs', nested(depth), 'application/json');
      expect(body).toMatchObject({ status: 400, code: 'malformed_body' });
    });

    it('nested deep in a form is refused as well', async () => {
      const form = new FormData();
      form.append('request', `{"metadata":${nested(1000)}}`);
      expect((await post('/v1/jobs', form)).body.code).toBe('malformed_body');
    });

    it('nested deep in a line of a batch costs that line alone', async () => {
      const good = JSON.stringify({ front: { image: image() } });
      const lines = [good, `{"metadata":${nested(400_000)}}`, good].join('\n');
      const { status, body } = await post('/v1/batches', lines, 'application/x-ndjson');
      expect(status).toBe(202);
      expect(body.counts).toMatchObject({ accepted: 2, rejected: 1 });
      expect(body.rejected[0]).toMatchObject({ line: 2, code: 'malformed_body' });
    });

    it('of a million members is refused before it is parsed', async () => {
      const { body } = await post('/v1/jobs', JSON.stringify(new Array(1_000_000).fill(0)), 'application/json');
      expect(body).toMatchObject({ status: 400, code: 'malformed_body' });
    });

    it.each(['{"__proto__":{"x":1}}', '{"constructor":{"prototype":{"x":1}}}'])(
      '%s changes no object',
      async (body) => {
        expect((await post('/v1/jobs', body, 'application/json')).status).toBeGreaterThanOrEqual(400);
        expect(({} as { x?: number }).x).toBeUndefined();
      },
    );

    it('is large only on the routes of images', async () => {
      const large = JSON.stringify({ url: 'x'.repeat(100_000) });
      for (const path of ['/v1/webhook-endpoints', '/v1/uploads']) {
        expect((await post(path, large, 'application/json')).body).toMatchObject({
          status: 413,
          code: 'body_too_large',
        });
      }
      const anonymous = await prompt(api.call('POST', '/v1/webhook-endpoints', json({ url: 'x'.repeat(100_000) })));
      expect(anonymous.status).toBe(413);
      const submitted = await prompt(api.call('POST', '/v1/jobs', json({ reference: 'x'.repeat(100_000) })));
      expect(submitted.status).toBe(401);
    });
  });

  describe('a type that is not what the body is', () => {
    const types: [string, string, number][] = [
      ['application/json', 'not json', 400],
      ['application/json; charset=utf-16', '\u0000{\u0000}', 415],
      ['application/jsonx', '{}', 415],
      ['text/json', '{}', 415],
      ['text/plain', '{}', 415],
      ['text/html, application/json', '{}', 415],
      ['application/json, text/html', '{}', 415],
      ['application/x-www-form-urlencoded', 'front=x', 415],
      ['multipart/form-data', 'x', 400],
      ['multipart/form-data; boundary=', 'x', 400],
      ['multipart/mixed; boundary=x', '--x--', 415],
      ['image/jpeg', '{"front":{}}', 422],
      ['image/svg+xml', '<svg/>', 422],
      ['IMAGE/JPEG', 'x', 422],
      [';', '{}', 415],
    ];
    it.each(types)('%s', async (type, body, status) => {
      const answer = await post('/v1/jobs?side=front', body, type);
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
    });

    it('images and forms are read only by the route of images', async () => {
      for (const path of ['/v1/webhook-endpoints', '/v1/uploads']) {
        expect((await post(path, new Uint8Array(jpeg), 'image/jpeg')).status).toBe(415);
        const form = new FormData();
        form.append('url', 'x');
        expect((await post(path, form)).status).toBe(415);
      }
    });
  });

  describe('compressed bodies', () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000, '['));
    it.each([
      ['/v1/jobs', 'application/json', 'gzip'],
      ['/v1/jobs?side=front', 'image/jpeg', 'gzip'],
      ['/v1/jobs', 'application/json', 'identity, gzip'],
      ['/v1/jobs', 'application/json', 'br'],
      ['/v1/batches', 'application/x-ndjson', 'deflate'],
      ['/v1/webhook-endpoints', 'application/json', 'zstd'],
    ])('%s as %s with %s are not unpacked', async (path, type, encoding) => {
      const { body } = await post(path, bomb, type, { 'content-encoding': encoding });
      expect(body).toMatchObject({ status: 415, code: 'unsupported_media_type' });
    });
  });

  describe('forms', () => {
    const framed = (parts: string[]) => `${parts.map((part) => `--x\r\n${part}\r\n`).join('')}--x--\r\n`;
    const named = (name: string) => `content-disposition: form-data; name="${name}"\r\n\r\n1`;
    const forms: [string, () => string][] = [
      ['ten thousand parts', () => framed(Array.from({ length: 10_000 }, (_, at) => named(`p${at}`)))],
      ['ten thousand times one part', () => framed(Array.from({ length: 10_000 }, () => named('request')))],
      ['a name of a megabyte', () => framed([named('x'.repeat(1_000_000))])],
      ['ten thousand headers in a part', () => framed([`${'a: b\r\n'.repeat(10_000)}${named('front')}`])],
      ['no end', () => `--x\r\n${named('request')}`],
      ['no beginning', () => 'x'.repeat(100_000)],
      ['a name that is none', () => framed([named('__proto__')])],
      ['a request part of a megabyte', () => framed([named('request').replace(/1$/, ' '.repeat(1_000_000))])],
    ];
    it.each(forms)('with %s', async (_name, form) => {
      const { status, headers } = await post('/v1/jobs', form(), 'multipart/form-data; boundary=x');
      expect([400, 413, 422]).toContain(status);
      expect(headers.get('content-type')).toBe('application/problem+json');
    });
  });

  describe('paths and queries', () => {
    it.each([
      '/v1/jobs/%00',
      '/v1/jobs/%',
      '/v1/jobs/%ff%fe',
      '/v1/jobs/..%2f..%2f..%2fetc%2fpasswd',
      '/v1/jobs/../../etc/passwd',
      '//v1/jobs',
      '/v1//jobs',
      '/V1/JOBS',
      '/v1/jobs/job_01JGFJJZ00D4W7T5Q8XMEY2RBN%0d%0aset-cookie:%20x=1',
      '/v1/jobs/job_01JGFJJZ00D4W7T5Q8XMEY2RBN;x=1',
      `/v1/jobs/${'x'.repeat(12_000)}`,
      `/v1/jobs/job_${'0'.repeat(26)}/front/portrait/..%2f..`,
      '/v1/deliveries/dlv_job_0-1-we_0',
      '/v1/uploads/bank.upl_0?type=x&size=1&expires=1&signature=x',
      '/docs/../openapi.json/..%2f',
      '/docs/%2e%2e/package.json',
      '*',
    ])('%s is a problem, and nothing of it becomes a header', async (path) => {
      const head = `GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\nconnection: close\r\n\r\n`;
      const answer = await prompt(sendRaw(api.url, head));
      expect([400, 404, 405, 422]).toContain(answer.status);
      expect(answer.head.toLowerCase()).toContain('content-type: application/problem+json');
      expect(answer.head.toLowerCase()).not.toContain('set-cookie');
      expect(answer.body).not.toContain('passwd');
    });

    it.each([
      'limit=1'.concat('&limit=1'.repeat(1500)),
      'limit[]=1',
      'limit=1e3',
      'limit=0x10',
      'limit=%20',
      'limit=Infinity',
      'wait=1',
      '__proto__=1',
      'constructor[prototype][x]=1',
      'cursor=../../x',
      'reference='.concat('x'.repeat(129)),
      'created_after=+275760-09-13T00:00:00.001Z',
    ])('?%s is refused by name', async (query) => {
      const { status, body } = await prompt(api.call('GET', `/v1/jobs?${query}`, { key }));
      expect([status, body.code]).toEqual([422, 'invalid_request']);
    });
  });

  describe('HTTP itself', () => {
    const start = () => `POST /v1/jobs HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n`;
    const type = 'content-type: application/json\r\n';
    const requests: [string, () => string, number[]][] = [
      ['two lengths', () => `${start()}${type}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`, [400]],
      [
        'a length and chunks',
        () => `${start()}${type}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
        [400],
      ],
      [
        'chunks in another coding',
        () => `${start()}${type}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
        [400, 415, 422],
      ],
      ['a length that is none', () => `${start()}${type}content-length: -1\r\n\r\n`, [400]],
      [
        'a chunk size that is none',
        () => `${start()}${type}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
        [400],
      ],
      ['a folded header', () => `${start()}x-a: b\r\n c\r\n\r\n`, [400]],
      ['a blank in a header name', () => `${start()}content-length : 2\r\n\r\n{}`, [400]],
      ['an unknown method', () => 'FROB / HTTP/1.1\r\nhost: x\r\n\r\n', [400]],
      ['another protocol', () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', [400]],
      ['headers without end', () => `${start()}${'x-y: z\r\n'.repeat(4000)}\r\n`, [431]],
      ['one long header', () => `${start()}x-y: ${'z'.repeat(20_000)}\r\n\r\n`, [431]],
      ['a long address', () => `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`, [431]],
    ];
    it.each(requests)('with %s', async (_name, text, statuses) => {
      const answer = await prompt(sendRaw(api.url, text().replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n')));
      expect(statuses).toContain(answer.status);
      expect(JSON.parse(answer.body)).toMatchObject({ status: answer.status, code: expect.any(String) });
    });

    it('a hundred headers are let through', async () => {
      const head = `GET /healthz HTTP/1.1\r\nhost: x\r\n${'x: y\r\n'.repeat(100)}connection: close\r\n\r\n`;
      expect((await prompt(sendRaw(api.url, head))).status).toBe(200);
    });

    it('the first of two keys counts, and a list of keys is none', async () => {
      const other = await api.key('other');
      const twice = `authorization: Bearer ${other}\r\nauthorization: Bearer ${key}\r\n`;
      const head = `GET /v1/jobs HTTP/1.1\r\nhost: x\r\n${twice}connection: close\r\n\r\n`;
      expect((await sendRaw(api.url, head)).body).toContain('"data":[]');
      const list = await api.call('GET', '/v1/jobs', { headers: { authorization: `Bearer ${key}, Bearer ${other}` } });
      expect(list.status).toBe(401);
    });
  });

  describe('slow requests', () => {
    const slow: [string, () => string][] = [
      ['a head that never ends', () => 'GET /healthz HTTP/1.1\r\nhost: x\r\n'],
      [
        'a body that drips',
        () =>
          `POST /v1/jobs HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n` +
          'content-type: application/json\r\ncontent-length: 100000\r\n\r\n',
      ],
      [
        'a batch that drips',
        () =>
          `POST /v1/batches HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n` +
          'content-type: application/x-ndjson\r\ncontent-length: 100000\r\n\r\n',
      ],
    ];
    it.each(slow)('%s is ended by the deadline over the whole request', async (_name, head) => {
      const socket = openSocket(api.url);
      socket.write(head());
      const drip = setInterval(() => socket.write('a'), 100);
      const startedMs = performance.now();
      const answer = await answerOf(socket);
      clearInterval(drip);
      expect(performance.now() - startedMs).toBeLessThan(TIMEOUT_MS + 3000);
      expect(answer).toMatch(/^HTTP\/1\.1 408 /);
      expect(answer).toContain('"code":"body_timeout"');
    });

    it('three hundred of them do not keep others waiting', async () => {
      const sockets = Array.from({ length: 300 }, () => openSocket(api.url));
      for (const socket of sockets) socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\nx-');
      expect((await prompt(api.call('GET', '/healthz'))).status).toBe(200);
      expect((await prompt(api.call('POST', '/v1/jobs', { key, ...json({ front: { image: image() } }) }))).status).toBe(
        202,
      );
      const answers = await Promise.all(sockets.map(answerOf));
      expect(answers.every((answer) => answer.startsWith('HTTP/1.1 408 '))).toBe(true);
    });
  });

  it('leave the API as it was', async () => {
    expect((await api.call('GET', '/readyz')).status).toBe(200);
    expect((await api.call('POST', '/v1/jobs', { key, ...json({ front: { image: image() } }) })).status).toBe(202);
  });
});
