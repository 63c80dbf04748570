import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, startTestApi, type TestApi } from '../../support/api.ts';
import { plainJpeg, plainPng } from '../../support/images.ts';

const PROMPT_MS = 2000;

describe('bad input gets its problem document, promptly, and is not stored', () => {
  let api: TestApi;
  let key: string;
  let jpeg: Buffer;
  beforeAll(async () => {
    api = await startTestApi({ requestTimeoutMs: 1000 });
    key = await api.key('bank');
    jpeg = await plainJpeg();
  });
  afterAll(() => api.stop());

  const bare = (body: Uint8Array, type = 'image/jpeg') => ({
    path: '/v1/jobs?side=front',
    init: { body: new Uint8Array(body), headers: { 'content-type': type } },
  });
  const submit = (value: unknown) => ({ path: '/v1/jobs', init: json(value) });
  const multipart = (parts: [string, string | Blob][]) => {
    const body = new FormData();
    for (const [name, value] of parts) body.append(name, value);
    return { path: '/v1/jobs', init: { body } };
  };
  const blob = (bytes: Buffer) => new Blob([new Uint8Array(bytes)]);
  const base64 = (bytes: Buffer) => ({ image: bytes.toString('base64') });

  /** A BMP whose header claims far more pixels than the file holds. */
  function lyingBmp(): Buffer {
    const bmp = Buffer.alloc(200);
    bmp.write('BM');
    bmp.writeUInt32LE(200, 2);
    bmp.writeUInt32LE(54, 10);
    bmp.writeUInt32LE(40, 14);
    bmp.writeInt32LE(3000, 18);
    bmp.writeInt32LE(2000, 22);
    bmp.writeUInt16LE(1, 26);
    bmp.writeUInt16LE(24, 28);
    return bmp;
  }

  type Request = { path: string; init: RequestInit };
  const cases: [string, () => Request | Promise<Request>, number, string, string | null][] = [
    ['not an image', () => bare(Buffer.from('hello, this is text')), 422, 'image_unusable', 'not_an_image'],
    ['an empty body', () => bare(Buffer.alloc(0)), 422, 'image_unusable', 'empty'],
    ['5 MB of noise', () => bare(Buffer.alloc(5_000_000, 1)), 422, 'image_unusable', 'not_an_image'],
    ['a GIF', () => bare(Buffer.from('GIF89a......................')), 422, 'image_unusable', 'unsupported_format'],
    [
      'a 20,000-pixel side',
      async () => bare(await plainPng(20_000, 200), 'image/png'),
      422,
      'image_unusable',
      'too_many_pixels',
    ],
    ['a lying header', () => bare(lyingBmp(), 'image/bmp'), 422, 'image_unusable', 'dimensions_lie'],
    ['a truncated picture', () => bare(jpeg.subarray(0, 40)), 422, 'image_unusable', 'truncated'],
    [
      'a bare picture without a side',
      () => ({ ...bare(jpeg), path: '/v1/jobs' }),
      422,
      'invalid_request',
      'invalid_value',
    ],
    ['wrong base64', () => submit({ front: { image: 'not base64!' } }), 422, 'invalid_request', 'not_base64'],
    ['unpadded base64', () => submit({ front: { image: 'abcde' } }), 422, 'invalid_request', 'not_base64'],
    ['both sides missing', () => submit({ reference: 'a' }), 422, 'invalid_request', 'missing'],
    ['an unknown field', () => submit({ front: base64(jpeg), frnt: 1 }), 422, 'invalid_request', 'unknown_field'],
    [
      'an unknown option',
      () => submit({ front: base64(jpeg), options: { risk: true } }),
      422,
      'invalid_request',
      'unknown_field',
    ],
    [
      'a reference of 129',
      () => submit({ front: base64(jpeg), reference: 'x'.repeat(129) }),
      422,
      'invalid_request',
      'too_big',
    ],
    [
      '17 metadata entries',
      () =>
        submit({
          front: base64(jpeg),
          metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v'])),
        }),
      422,
      'invalid_request',
      'custom',
    ],
    ['a JSON array', () => submit([]), 422, 'invalid_request', 'invalid_type'],
    [
      'half a JSON',
      () => ({ path: '/v1/jobs', init: { body: '{"front":', headers: { 'content-type': 'application/json' } } }),
      400,
      'malformed_body',
      null,
    ],
    [
      'another media type',
      () => ({ path: '/v1/jobs', init: { body: 'x', headers: { 'content-type': 'text/csv' } } }),
      415,
      'unsupported_media_type',
      null,
    ],
    [
      'an unknown part',
      () =>
        multipart([
          ['front', blob(jpeg)],
          ['selfie', blob(jpeg)],
        ]),
      422,
      'invalid_request',
      'unknown_field',
    ],
    [
      'a part twice',
      () =>
        multipart([
          ['front', blob(jpeg)],
          ['front', blob(jpeg)],
        ]),
      422,
      'invalid_request',
      'duplicate',
    ],
    [
      'a request part that is no JSON',
      () =>
        multipart([
          ['front', blob(jpeg)],
          ['request', '{'],
        ]),
      400,
      'malformed_body',
      null,
    ],
    [
      'an unknown field in the request part',
      () =>
        multipart([
          ['front', blob(jpeg)],
          ['request', '{"x":1}'],
        ]),
      422,
      'invalid_request',
      'unknown_field',
    ],
    [
      'a multipart without a boundary',
      () => ({ path: '/v1/jobs', init: { body: 'x', headers: { 'content-type': 'multipart/form-data' } } }),
      400,
      'malformed_body',
      null,
    ],
  ];

  it.each(cases)('%s', async (_name, request, status, code, fieldCode) => {
    const before = api.store.objects.size;
    const { path, init } = await request();
    const startedMs = performance.now();
    const answer = await api.call('POST', path, { ...init, key });
    expect(performance.now() - startedMs).toBeLessThan(PROMPT_MS);
    expect(answer.body).toMatchObject({ status, code });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('request-id')).toMatch(/^req_/);
    if (fieldCode) expect(answer.body.errors.map((error: { code: string }) => error.code)).toContain(fieldCode);
    expect(api.store.objects.size).toBe(before);
  });

  it.each([
    ['no key', {}],
    ['a key of another shape', { authorization: 'Bearer hello' }],
    ['basic authentication', { authorization: 'Basic aGVsbG86d29ybGQ=' }],
  ])('%s is 401', async (_name, headers) => {
    const answer = await api.call('POST', '/v1/jobs', { ...json({}), headers });
    expect(answer.body).toMatchObject({ status: 401, code: 'unauthorized' });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('a key with one character changed is 401', async () => {
    const changed = key.slice(0, -12) + (key.at(-12) === 'A' ? 'B' : 'A') + key.slice(-11);
    const answer = await api.call('POST', '/v1/jobs', { ...json({}), key: changed });
    expect(answer.body).toMatchObject({ status: 401, code: 'unauthorized' });
  });

  it('a key without the scope is 403', async () => {
    const reader = await api.key('bank', ['jobs:read']);
    const answer = await api.call('POST', '/v1/jobs', { ...json({}), key: reader });
    expect(answer.body).toMatchObject({ status: 403, code: 'forbidden' });
  });

  it('a body that never finishes is 408, and the connection closes', async () => {
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      `POST /v1/jobs?side=front HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n` +
        'content-type: image/jpeg\r\ncontent-length: 1000\r\n\r\nhalf',
    );
    const startedMs = performance.now();
    const answer = Buffer.concat(await Array.fromAsync(socket as AsyncIterable<Buffer>)).toString();
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('application/problem+json');
    expect(answer).toContain('"code":"body_timeout"');
    expect(performance.now() - startedMs).toBeLessThan(5000);
  });

  it('a body over the limit is 413 before it has been read', async () => {
    const small = await startTestApi({ maxImageBytes: 1000 });
    try {
      const answer = await small.call('POST', '/v1/jobs?side=front', {
        key: await small.key('bank'),
        body: new Uint8Array(1500),
        headers: { 'content-type': 'image/jpeg' },
      });
      expect(answer.body).toMatchObject({ status: 413, code: 'body_too_large' });
    } finally {
      await small.stop();
    }
  });

  it('headers over the limit are 431 with a problem document', async () => {
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    socket.write(`GET /healthz HTTP/1.1\r\nhost: x\r\nx-large: ${'x'.repeat(20_000)}\r\n\r\n`);
    const answer = Buffer.concat(await Array.fromAsync(socket as AsyncIterable<Buffer>)).toString();
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).toContain('"code":"headers_too_large"');
  });

  it('an unknown route is a problem document, too', async () => {
    expect((await api.call('GET', '/v1/nothing')).body).toMatchObject({ status: 404, code: 'not_found' });
  });
});
