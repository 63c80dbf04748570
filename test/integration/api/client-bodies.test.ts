/** Bodies as real clients send them: encodings, forms, types, nulls, members that occur twice. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, startTestApi, type TestApi } from '../../support/api.ts';
import { plainJpeg, plainPng } from '../../support/images.ts';
import { answerOf, openSocket } from '../../support/raw-http.ts';

const JSON_TYPE = 'application/json';
/** 张三 in GBK. */
const GBK = Buffer.from([0xd5, 0xc5, 0xc8, 0xfd]);
const ZOD_PHRASE = /invalid (input|option)|expected|received|too (big|small)|unrecognized/i;

describe('bodies as clients send them', () => {
  let api: TestApi;
  let key: string;
  let jpeg: Buffer;
  let image: string;
  beforeAll(async () => {
    api = await startTestApi({ uploadOrigins: ['https://kyc.bank.example'] });
    key = await api.key('bank');
    jpeg = await plainJpeg();
    image = jpeg.toString('base64');
  });
  afterAll(() => api.stop());

  const post = (path: string, body: Uint8Array | string, type?: string, more: Record<string, string> = {}) =>
    api.call('POST', path, {
      key,
      body: typeof body === 'string' ? body : new Uint8Array(body),
      headers: { ...(type === undefined ? {} : { 'content-type': type }), ...more },
    });
  const detailsOf = ({ body }: Answer) =>
    [body.detail, ...(body.errors ?? []).map(({ detail }: { detail: string }) => detail)].join(' ');
  const withGbk = (before: string, after: string) => Buffer.concat([Buffer.from(before), GBK, Buffer.from(after)]);

  /** A form of raw parts: the head of each is what a client writes, except for the name. */
  const form = (...parts: [name: string, head: string, body: Uint8Array | string][]) => {
    const framed = parts.flatMap(([name, head, body]) => [
      Buffer.from(`--XX\r\nContent-Disposition: form-data; name="${name}"${head}\r\n\r\n`),
      Buffer.from(body as string),
      Buffer.from('\r\n'),
    ]);
    return post('/v1/jobs', Buffer.concat([...framed, Buffer.from('--XX--\r\n')]), 'multipart/form-data; boundary=XX');
  };

  describe('text that is not UTF-8', () => {
    it.each([
      ['/v1/jobs', '{"reference":"'],
      ['/v1/uploads', '{"content_type":"'],
      ['/v1/webhook-endpoints', '{"url":"'],
    ])('is 400 on %s', async (path, before) => {
      const answer = await post(path, withGbk(before, '"}'), JSON_TYPE);
      expect([answer.status, answer.body.code]).toEqual([400, 'malformed_body']);
      expect(answer.body.detail).toContain('UTF-8');
    });

    it('is 400 on PATCH, and in UTF-16 by that name', async () => {
      const hook = await post(
        '/v1/webhook-endpoints',
        '{"url":"http://127.0.0.1:9/","payload":"reference"}',
        JSON_TYPE,
      );
      const answer = await api.call('PATCH', `/v1/webhook-endpoints/${hook.body.id}`, {
        key,
        body: new Uint8Array(Buffer.from('\ufeff{"max_rate":1}', 'utf16le')),
        headers: { 'content-type': JSON_TYPE },
      });
      expect([answer.status, answer.body.detail]).toEqual([400, 'The body is UTF-16. Send it as UTF-8.']);
    });

    it.each(['/v1/jobs', '/v1/uploads', '/v1/webhook-endpoints'])(
      'is 415 on %s when the type says so',
      async (path) => {
        const answer = await post(path, '{}', `${JSON_TYPE}; charset=GBK`);
        expect([answer.status, answer.body.code]).toEqual([415, 'unsupported_media_type']);
        expect(answer.body.detail).toContain('UTF-8');
      },
    );

    it('is 400 in the part of a form', async () => {
      const answer = await form(['front', '', jpeg], ['request', '', withGbk('{"reference":"', '"}')]);
      expect([answer.status, answer.body.detail]).toEqual([
        400,
        expect.stringContaining('part `request` is not UTF-8'),
      ]);
    });

    it('costs a line of a batch, and no other', async () => {
      const good = JSON.stringify({ front: { image }, reference: '张三' });
      const bad = withGbk(`{"front":{"image":"${image}"},"reference":"`, '"}\n');
      const body = Buffer.concat([Buffer.from(`\ufeff${good}\n`), bad, Buffer.from(`\ufeff${good}`)]);
      const { status, body: batch } = await post('/v1/batches', body, 'application/x-ndjson; charset=utf-8');
      expect([status, batch.counts.accepted]).toEqual([202, 2]);
      expect(batch.rejected).toEqual([
        { line: 2, code: 'malformed_body', detail: expect.stringContaining('The line is not UTF-8') },
      ]);
      expect((await post('/v1/batches', good, 'application/x-ndjson; charset=GBK')).status).toBe(415);
    });

    it('is 400 in a query', async () => {
      const answer = await api.call('GET', '/v1/jobs?reference=%D5%C5', { key });
      expect([answer.status, answer.body.code]).toEqual([400, 'bad_request']);
    });

    it('is refused as half of a character in an escape, too', async () => {
      const answer = await post('/v1/jobs', `{"front":{"image":"${image}"},"reference":"\\ud800"}`, JSON_TYPE);
      expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, '/reference']);
    });
  });

  describe('a form', () => {
    const REQUEST = '{"reference":"form"}';
    it.each([
      ['no type', '', REQUEST],
      ['application/json', '\r\nContent-Type: application/json', REQUEST],
      ['application/json with a charset', '\r\nContent-Type: application/json; charset=UTF-8', REQUEST],
      ['text/plain', '\r\nContent-Type: text/plain; charset=us-ascii', REQUEST],
      ['an encoding', '\r\nContent-Type: application/json\r\nContent-Transfer-Encoding: 8bit', REQUEST],
      ['a file name', '; filename="request.json"\r\nContent-Type: application/json', REQUEST],
      ['an empty file name', '; filename=""', REQUEST],
      ['a byte-order mark', '', `\ufeff${REQUEST}`],
      ['a byte-order mark and a file name', '; filename="r.json"', `\ufeff${REQUEST}`],
    ])('takes a request part with %s', async (_what, head, body) => {
      const answer = await form(
        ['front', '; filename="front.jpg"\r\nContent-Type: image/jpeg', jpeg],
        ['request', head, body],
      );
      expect([answer.status, answer.body.reference]).toEqual([202, 'form']);
    });

    it.each([
      ['no file name', ''],
      ['no file name, but a type', '\r\nContent-Type: image/jpeg'],
      ['a type that is none', '; filename="a"\r\nContent-Type: jpeg'],
      ['a type of JSON', '\r\nContent-Type: application/json'],
      ['a type of text with a charset', '\r\nContent-Type: text/plain; charset=gbk'],
      ['a type of another format', '; filename="a.bmp"\r\nContent-Type: image/x-ms-bmp'],
      ['an empty file name', '; filename=""\r\nContent-Type: application/octet-stream'],
    ])('takes an image part with %s', async (_what, head) => {
      const answer = await form(['front', head, jpeg]);
      expect([answer.status, answer.body.code]).toEqual([202, undefined]);
      expect(await (await api.ledger.jobs.open('bank', answer.body.id))!.image('front')).toEqual(jpeg);
    });

    it('takes a side for which no file is chosen as absent', async () => {
      const unchosen = '; filename=""\r\nContent-Type: application/octet-stream';
      const answer = await form(['front', '; filename="a"', jpeg], ['back', unchosen, '']);
      expect([answer.status, Object.keys(answer.body.sides)]).toEqual([202, ['front']]);
      expect((await form(['front', '; filename="a"', ''])).body.errors[0].code).toBe('empty');
    });

    it('says how large a part may be', async () => {
      const answer = await form(['front', '', jpeg], ['request', '', `{"reference":"${'x'.repeat(70_000)}"}`]);
      expect([answer.status, answer.body.errors[0].pointer]).toEqual([413, '/request']);
      expect(answer.body.detail).toContain('65536 bytes');
    });
  });

  describe('an image', () => {
    const types = [
      'image/jpeg; charset=binary',
      'image/jpg',
      'image/pjpeg',
      'image/x-ms-bmp',
      'image/x-bmp',
      'image/x-png',
      'IMAGE/JPG',
      'image/*',
      'application/octet-stream',
      'binary/octet-stream',
      'application/pdf',
    ];
    it.each(types)('as %s is what its content is, as a body and as an upload', async (type) => {
      expect((await post('/v1/jobs?side=front', jpeg, type)).status).toBe(202);
      const ticket = await post(
        '/v1/uploads',
        JSON.stringify({ content_type: type.split(';')[0], size: jpeg.length }),
        JSON_TYPE,
      );
      expect(ticket.status).toBe(201);
      const put = await fetch(ticket.body.url, {
        method: 'PUT',
        body: new Uint8Array(jpeg),
        headers: { 'content-type': type },
      });
      expect(put.status).toBe(204);
      const job = await post('/v1/jobs', JSON.stringify({ front: { upload_id: ticket.body.upload_id } }), JSON_TYPE);
      expect(job.status).toBe(202);
    });

    it('needs no type at all, and the one of an upload may be another than the signed one', async () => {
      // `fetch` sends a Uint8Array without a type.
      expect((await post('/v1/jobs?side=front', await plainPng(60, 40))).status).toBe(202);
      for (const type of [undefined, 'text/plain', 'no type']) {
        const ticket = await post('/v1/uploads', JSON.stringify({ size: jpeg.length }), JSON_TYPE);
        expect(ticket.body.headers).toEqual({ 'content-type': 'application/octet-stream' });
        const headers = type === undefined ? undefined : { 'content-type': type };
        const put = await fetch(ticket.body.url, {
          method: 'PUT',
          body: new Uint8Array(jpeg),
          ...(headers ? { headers } : {}),
        });
        expect(put.status).toBe(204);
      }
    });

    it('that is none is refused by its content', async () => {
      const answer = await post('/v1/jobs?side=front', Buffer.from('hello'), 'image/jpg');
      expect([answer.status, answer.body.errors[0].code]).toEqual([422, 'not_an_image']);
    });
  });

  describe('members', () => {
    it.each([
      ['/v1/jobs', '{"front":{"image":"A","image":"B"}}', ['/front/image']],
      ['/v1/jobs', '{"metadata":{"a":"1","a":"2"},"reference":"x","reference":"y"}', ['/metadata/a', '/reference']],
      ['/v1/webhook-endpoints', '{"url":"http://127.0.0.1:9/","headers":{"x":"1","\\u0078":"2"}}', ['/headers/x']],
      ['/v1/uploads', '{"size":1,"size":2}', ['/size']],
    ])('that occur twice are refused on %s: %s', async (path, body, pointers) => {
      const answer = await post(path, body, JSON_TYPE);
      expect([answer.status, answer.body.code]).toEqual([422, 'invalid_request']);
      expect(answer.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(pointers);
    });

    it('that occur twice are refused in forms and lines as well', async () => {
      const twice = '{"reference":"a","reference":"b"}';
      const inForm = await form(['front', '', jpeg], ['request', '', twice]);
      expect(inForm.body.errors[0]).toMatchObject({ pointer: '/request/reference', code: 'duplicate' });
      const parts = await form(['front', '', jpeg], ['front', '', jpeg]);
      expect(parts.body.errors[0]).toMatchObject({ pointer: '/front', code: 'duplicate' });
      const good = JSON.stringify({ front: { image } });
      const line = `{"front":{"image":"${image}"},"front":{"image":"${image}"}}`;
      const batch = await post('/v1/batches', `${good}\n${line}`, 'application/x-ndjson');
      expect(batch.body.rejected).toEqual([
        {
          line: 2,
          code: 'invalid_request',
          detail: expect.stringContaining('/front: This member occurs more than once'),
        },
      ]);
    });

    it('that are null are absent on every route', async () => {
      const terms = {
        options: null,
        reference: null,
        metadata: null,
        priority: null,
        expires_in: null,
        retain_for: null,
        keep_images: null,
        endpoint_ids: null,
      };
      const source = { image, upload_id: null, object: null };
      const nulls = JSON.stringify({ front: source, back: null, ...terms });
      expect((await post('/v1/jobs', nulls, JSON_TYPE)).status).toBe(202);
      const options = { detect_risk: null, fit: null };
      const inForm = await form(
        ['front', '', jpeg],
        ['request', '', JSON.stringify({ ...terms, options, metadata: { a: null } })],
      );
      expect([inForm.status, inForm.body.metadata]).toEqual([202, {}]);
      expect((await form(['front', '', jpeg], ['request', '', 'null'])).status).toBe(202);
      expect((await post('/v1/batches', nulls, 'application/x-ndjson')).body.counts.accepted).toBe(1);
      const hook = {
        url: 'http://127.0.0.1:9/',
        events: null,
        payload: null,
        public_key: null,
        headers: null,
        max_rate: null,
      };
      const made = await post('/v1/webhook-endpoints', JSON.stringify({ ...hook, payload: 'reference' }), JSON_TYPE);
      expect([made.status, (await post('/v1/webhook-endpoints', JSON.stringify(hook), JSON_TYPE)).status]).toEqual([
        201, 201,
      ]);
      const at = `/v1/webhook-endpoints/${made.body.id}`;
      const change = { url: null, payload: null, headers: null, state: null, max_rate: 3 };
      const changed = await api.call('PATCH', at, {
        key,
        body: JSON.stringify(change),
        headers: { 'content-type': JSON_TYPE },
      });
      expect([changed.status, changed.body.url, changed.body.max_rate]).toEqual([200, hook.url, 3]);
      expect((await post(`${at}/rotate-secret`, '{"overlap":null}', JSON_TYPE)).status).toBe(200);
      expect((await post(`${at}/recover`, '{"since":"2026-01-01T00:00:00Z","until":null}', JSON_TYPE)).status).toBe(
        202,
      );
      expect((await post('/v1/uploads', '{"content_type":null,"size":5}', JSON_TYPE)).status).toBe(201);
    });

    it.each([
      [{ image: 1 }, '/front/image'],
      [{ url: 'https://bank.example/a.jpg' }, '/front'],
      [{ image: 'AAAA', upload_id: 'upl_x' }, '/front'],
      [{}, '/front'],
      [{ image: null }, '/front'],
      [null, '/front'],
      ['AAAA', '/front'],
      [[], '/front'],
      [{ object: { bucket: 'abc' } }, '/front/object/key'],
      [{ object: 'abc/key' }, '/front/object'],
    ])('of a source: %j gets a sentence that says what a source is', async (front, pointer) => {
      const answer = await post('/v1/jobs', JSON.stringify({ front }), JSON_TYPE);
      expect(answer.status).toBe(422);
      expect(answer.body.errors[0].pointer.startsWith(pointer)).toBe(true);
      expect(detailsOf(answer)).toContain('A source is an object with exactly one of these members');
      expect(detailsOf(answer)).not.toMatch(ZOD_PHRASE);
    });
  });

  describe('what a route takes', () => {
    const large = () => JSON.stringify({ front: { image: 'A'.repeat(400_000) } });

    it.each(['/v1/jobs/', '//v1/jobs', '/v1/job', '/jobs', '/api/v1/jobs', '/v1/Jobs', '/nothing', '/v1/uploadz'])(
      'POST %s is 404 whatever its body',
      async (path) => {
        const socket = openSocket(api.url);
        const body = large();
        socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: ${JSON_TYPE}\r\n`);
        socket.write(`content-length: ${body.length}\r\n\r\n${body}`);
        const answer = await answerOf(socket);
        expect(answer).toMatch(/^HTTP\/1.1 404 /);
        expect(answer).toContain('There is no such path.');
        if (/job/i.test(path)) expect(answer).toContain('The path of the route is /v1/jobs.');
      },
    );

    it('a client that sends 30 MB to such a path reads the 404, and may go on over the same connection', async () => {
      const body = 'A'.repeat(30_000_000);
      for (const path of ['/v1/jobs/', '/nothing']) {
        const answer = await api.call('POST', path, { key, body, headers: { 'content-type': JSON_TYPE } });
        expect([answer.status, answer.body.code]).toEqual([404, 'not_found']);
        expect((await api.call('GET', '/healthz')).status).toBe(200);
      }
    });

    it('another method is 405 with the methods that the path takes, whatever the body', async () => {
      const answer = await api.call('PUT', '/v1/jobs', { key, body: large(), headers: { 'content-type': 'text/csv' } });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST, GET, HEAD']);
      expect(answer.body.detail).toContain('It takes POST, GET, HEAD.');
    });

    it.each([
      ['/v1/jobs', ['application/json', 'multipart/form-data', 'image/*', '?side=front']],
      ['/v1/batches', ['application/x-ndjson']],
      ['/v1/webhook-endpoints', ['application/json']],
      ['/v1/uploads', ['application/json']],
    ])('is named by the 415 of %s', async (path, types) => {
      const answer = await post(path, 'x', 'text/plain');
      expect(answer.status).toBe(415);
      for (const type of types) expect(answer.body.detail).toContain(type);
      if (path !== '/v1/jobs') expect(answer.body.detail).not.toContain('image/');
    });

    it('is named by the 413', async () => {
      const json = await post('/v1/uploads', JSON.stringify({ content_type: 'x'.repeat(70_000) }), JSON_TYPE);
      expect([json.status, json.body.detail]).toEqual([413, 'This route takes a body of at most 64 KiB.']);
      const small = await startTestApi({ maxImageBytes: 1000 });
      try {
        const body = new Uint8Array(1500);
        const headers = { 'content-type': 'image/jpg' };
        const answer = await small.call('POST', '/v1/jobs?side=front', { key: await small.key('bank'), body, headers });
        expect([answer.status, answer.body.detail]).toEqual([413, expect.stringContaining('at most 1000 bytes each')]);
      } finally {
        await small.stop();
      }
    });
  });

  describe('under one Idempotency-Key, the same meaning', () => {
    const same = async (path: string, type: string, one: string, other: string, idempotencyKey: string) => {
      const headers = { 'idempotency-key': idempotencyKey };
      const first = await post(path, one, type, headers);
      const second = await post(path, other, type, headers);
      expect(first.status).toBeLessThan(300);
      expect([second.status, second.body.id ?? second.body.upload_id]).toEqual([
        first.status,
        first.body.id ?? first.body.upload_id,
      ]);
    };
    const reference = { reference: 'same' };

    it('is the same job, as JSON and as a form', async () => {
      const one = JSON.stringify({ front: { image }, ...reference, metadata: { a: '1', b: '2' } });
      const other = ` ${JSON.stringify({ metadata: { b: '2', a: '1' }, back: null, ...reference, front: { image, object: null } }, null, 2)}`;
      await same('/v1/jobs', JSON_TYPE, one, other, 'meaning-job');
      const different = await post('/v1/jobs', one.replace('same', 'other'), JSON_TYPE, {
        'idempotency-key': 'meaning-job',
      });
      expect([different.status, different.body.code]).toEqual([422, 'idempotency_mismatch']);
    });

    it('is the same batch, whatever becomes of its lines', async () => {
      const line = (value: object, indent?: string) => JSON.stringify(value, null, indent).replaceAll('\n', ' ');
      const bad = { front: { image }, x: 1 };
      const one = [line({ front: { image }, ...reference }), line(bad)].join('\n');
      const other = [line({ ...reference, back: null, front: { image } }, '\t'), line({ x: 1, front: { image } })].join(
        ' \r\n',
      );
      await same('/v1/batches', 'application/x-ndjson', one, other, 'meaning-batch');
      const headers = { 'idempotency-key': 'meaning-batch' };
      const different = await post('/v1/batches', one.replace('same', 'other'), 'application/x-ndjson', headers);
      expect([different.status, different.body.code]).toEqual([422, 'idempotency_mismatch']);
    });

    it('is the same endpoint, change and upload', async () => {
      const hook = { url: 'http://127.0.0.1:9/', payload: 'reference', headers: { a: '1', b: '2' } };
      const other = { headers: { b: '2', a: '1' }, max_rate: null, payload: 'reference', url: hook.url };
      await same('/v1/webhook-endpoints', JSON_TYPE, JSON.stringify(hook), JSON.stringify(other), 'meaning-hook');
      await same(
        '/v1/uploads',
        JSON_TYPE,
        '{"size":5,"content_type":"image/jpeg"}',
        '{ "content_type":"image/jpeg", "size":5}',
        'meaning-upload',
      );
      const made = await post('/v1/webhook-endpoints', JSON.stringify(hook), JSON_TYPE);
      const change = (body: object) =>
        api.call('PATCH', `/v1/webhook-endpoints/${made.body.id}`, {
          key,
          body: JSON.stringify(body),
          headers: { 'content-type': JSON_TYPE, 'idempotency-key': 'meaning-change' },
        });
      await change({ max_rate: 1, state: 'enabled' });
      expect((await change({ state: 'enabled', url: null, max_rate: 1 })).headers.get('idempotency-replayed')).toBe(
        'true',
      );
      // Here null is a value: it takes the limit away.
      expect((await change({ max_rate: null, state: 'enabled' })).body.code).toBe('idempotency_mismatch');
    });
  });

  describe('a page of an allowed origin', () => {
    const origin = 'https://kyc.bank.example';
    const ticketUrl = async () =>
      (await post('/v1/uploads', JSON.stringify({ size: jpeg.length }), JSON_TYPE)).body.url;
    const preflight = (url: string, from: string) =>
      fetch(url, {
        method: 'OPTIONS',
        headers: {
          origin: from,
          'access-control-request-method': 'PUT',
          'access-control-request-headers': 'content-type',
        },
      });
    const cors = ({ headers }: Response) =>
      [...headers].filter(([name]) => name.startsWith('access-control-')).map(([name, value]) => `${name}: ${value}`);

    it('may send an image to a signed URL, and read the response', async () => {
      const url = await ticketUrl();
      const asked = await preflight(url, origin);
      expect([asked.status, asked.headers.get('vary')]).toEqual([204, 'origin']);
      expect(cors(asked)).toEqual(
        expect.arrayContaining([
          `access-control-allow-origin: ${origin}`,
          'access-control-allow-methods: PUT',
          'access-control-allow-headers: content-type',
        ]),
      );
      for (const status of [204, 403]) {
        const put = await fetch(url, { method: 'PUT', headers: { origin }, body: new Uint8Array(jpeg) });
        expect([put.status, put.headers.get('access-control-allow-origin')]).toEqual([status, origin]);
      }
    });

    it('gets no permission for another origin or another route', async () => {
      const foreign = await preflight(await ticketUrl(), 'https://evil.example');
      expect([foreign.status, cors(foreign)]).toEqual([204, []]);
      for (const path of ['/v1/uploads', '/v1/jobs']) {
        const answer = await preflight(api.url + path, origin);
        expect([answer.status, cors(answer)]).toEqual([405, []]);
        const read = await fetch(api.url + path, { headers: { origin, authorization: `Bearer ${key}` } });
        expect(cors(read)).toEqual([]);
      }
    });

    it('has no preflight route where no origin is allowed, and every origin may upload with *', async () => {
      for (const [uploadOrigins, status, allowed] of [
        [[], 405, null],
        [['*'], 204, '*'],
      ] as const) {
        const other = await startTestApi({ uploadOrigins: [...uploadOrigins] });
        try {
          const answer = await preflight(`${other.url}/v1/uploads/bank.upl_x?type=x`, origin);
          expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([status, allowed]);
        } finally {
          await other.stop();
        }
      }
    });
  });
});
