/** Bodies that arrive slowly: a steady one is taken, however long it needs; one that stalls or trickles is not. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, startTestApi, type TestApi } from '../../support/api.ts';
import { plainJpeg } from '../../support/images.ts';
import { answerOf, openSocket } from '../../support/raw-http.ts';

const SMALL_BODY_MS = 1000;
const IDLE_MS = 2000;

describe('a slow body', () => {
  let api: TestApi;
  let key: string;
  let jpeg: Buffer;
  beforeAll(async () => {
    api = await startTestApi({ requestTimeoutMs: SMALL_BODY_MS, uploadTimeoutMs: 60_000, bodyIdleMs: IDLE_MS });
    key = await api.key('bank');
    jpeg = await plainJpeg(1600, 1000);
  });
  afterAll(() => api.stop());

  /** Sends the body in `count` chunks, one each `everyMs`; `stopAfter` chunks nothing more comes. */
  async function drip(head: string, body: Buffer, count: number, everyMs: number, stopAfter = count) {
    const socket = openSocket(api.url);
    const answer = answerOf(socket);
    const type = 'host: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n';
    socket.write(head.replace('\r\n', `\r\n${type}`));
    for (let n = 0; n < stopAfter && !socket.destroyed; n++) {
      const part = body.subarray((n * body.length) / count, ((n + 1) * body.length) / count);
      if (part.length > 0) socket.write(Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, CRLF]));
      await sleep(everyMs);
    }
    if (stopAfter === count && !socket.destroyed) socket.write('0\r\n\r\n');
    return answer;
  }
  const CRLF = Buffer.from('\r\n');
  const authorized = () => `authorization: Bearer ${key}\r\n`;
  const line = () => Buffer.from(`${JSON.stringify({ front: { image: jpeg.toString('base64') } })}\n`);

  const routes: [string, () => Promise<[string, Buffer]>, number][] = [
    [
      'PUT to a signed URL',
      async () => {
        const request = json({ content_type: 'image/jpeg', size: jpeg.length });
        const { body } = await api.call('POST', '/v1/uploads', { key, ...request });
        const { pathname, search } = new URL(body.url);
        return [`PUT ${pathname}${search} HTTP/1.1\r\ncontent-type: image/jpeg\r\n\r\n`, jpeg];
      },
      204,
    ],
    [
      'a bare image',
      async () => [`POST /v1/jobs?side=front HTTP/1.1\r\n${authorized()}content-type: image/jpeg\r\n\r\n`, jpeg],
      202,
    ],
    [
      'JSON with an image',
      async () => [
        `POST /v1/jobs HTTP/1.1\r\n${authorized()}content-type: application/json\r\n\r\n`,
        line().subarray(0, -1),
      ],
      202,
    ],
    [
      'a form',
      async () => {
        const part =
          '--x\r\ncontent-disposition: form-data; name="front"; filename="f.jpg"\r\ncontent-type: image/jpeg';
        const body = Buffer.concat([Buffer.from(`${part}\r\n\r\n`), jpeg, Buffer.from('\r\n--x--\r\n')]);
        const type = 'content-type: multipart/form-data; boundary=x\r\n';
        return [`POST /v1/jobs HTTP/1.1\r\n${authorized()}${type}\r\n`, body];
      },
      202,
    ],
    [
      'a batch',
      async () => [
        `POST /v1/batches HTTP/1.1\r\n${authorized()}content-type: application/x-ndjson\r\n\r\n`,
        Buffer.concat([line(), line(), line()]),
      ],
      202,
    ],
  ];

  describe.each(routes)('%s', (_name, request, status) => {
    it.concurrent('is taken when it arrives steadily for longer than a small body may', async () => {
      const [head, body] = await request();
      expect(await drip(head, body, 40, 60)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    });

    it.concurrent('is ended when it stalls', async () => {
      const [head, body] = await request();
      const startedMs = performance.now();
      const answer = await drip(head, body, 50, 10, 10);
      expect(answer).toMatch(/^HTTP\/1\.1 408 /);
      expect(answer).toContain('"code":"body_timeout"');
      expect(performance.now() - startedMs).toBeLessThan(IDLE_MS + 4000);
    });
  });

  it('of single bytes is ended, although it is never idle', async () => {
    const head = `POST /v1/jobs?side=front HTTP/1.1\r\n${authorized()}content-type: image/jpeg\r\n\r\n`;
    const answer = await drip(head, Buffer.alloc(300), 300, 50);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('too slowly');
  });

  it('without an image has one short limit', async () => {
    const head = `POST /v1/webhook-endpoints HTTP/1.1\r\n${authorized()}content-type: application/json\r\n\r\n`;
    const startedMs = performance.now();
    const answer = await drip(head, Buffer.alloc(60_000, ' '), 100, 50);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(performance.now() - startedMs).toBeLessThan(SMALL_BODY_MS + 3000);
  });

  it('that the API does not read does not hold its connection', async () => {
    const startedMs = performance.now();
    const answer = await drip('POST /v1/jobs HTTP/1.1\r\ncontent-type: image/jpeg\r\n\r\n', jpeg, 1000, 20);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(performance.now() - startedMs).toBeLessThan(15_000);
  });
});
