/** Many large bodies at once: what does not fit into the memory budget is refused, and the rest is taken. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, startTestApi, type TestApi } from '../../support/api.ts';
import { plainJpeg } from '../../support/images.ts';
import { answerOf, openSocket } from '../../support/raw-http.ts';

const MIB = 2 ** 20;
const BUDGET_MB = 8;

describe('the memory of bodies in flight', () => {
  let api: TestApi;
  let key: string;
  let image: string;
  let large: string;
  beforeAll(async () => {
    api = await startTestApi({ bodyMemoryMb: BUDGET_MB });
    key = await api.key('bank');
    const jpeg = await plainJpeg();
    image = jpeg.toString('base64');
    // Comments after the first marker, as many cameras write them.
    const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0xff, 0xff]), Buffer.alloc(0xffff - 2)]);
    large = Buffer.concat([jpeg.subarray(0, 2), ...Array(6).fill(comment), jpeg.subarray(2)]).toString('base64');
  });
  afterAll(() => api.stop());

  const head = (type: string, length: string) =>
    `POST /v1/jobs?side=front HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n${length}\r\ncontent-type: ${type}\r\n\r\n`;
  /** A body that holds its memory, because it never arrives completely. */
  async function occupy(type: string, bytes: number) {
    const socket = openSocket(api.url);
    socket.write(head(type, `content-length: ${bytes}`));
    await new Promise((resolve) => setTimeout(resolve, 300));
    return socket;
  }
  const submit = () => api.call('POST', '/v1/jobs', { key, ...json({ front: { image } }) });

  it('refuses with 503 and Retry-After beyond the budget, and accepts requests again when memory is free', async () => {
    const socket = await occupy('image/jpeg', Math.floor((BUDGET_MB * MIB) / 3));
    const { status, headers, body } = await submit();
    expect([status, body.code]).toEqual([503, 'overloaded']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    const batch = await api.call('POST', '/v1/batches', {
      key,
      body: '{}',
      headers: { 'content-type': 'application/x-ndjson' },
    });
    expect(batch.body.code).toBe('overloaded');
    // Requests without a body are never refused for memory.
    expect((await api.call('GET', '/v1/jobs', { key })).status).toBe(200);
    socket.destroy();
    await expect.poll(async () => (await submit()).status).toBe(202);
  });

  it('counts a body without a length while it grows', async () => {
    const first = await occupy('image/jpeg', 2 * MIB);
    const socket = openSocket(api.url);
    const answer = answerOf(socket);
    socket.write(head('image/jpeg', 'transfer-encoding: chunked'));
    const chunk = Buffer.alloc(64 * 1024);
    for (let n = 0; n < 64 && !socket.destroyed; n++) {
      socket.write(Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(await answer).toMatch(/^HTTP\/1\.1 503 [\s\S]*"code":"overloaded"/);
    first.destroy();
  });

  it('does not count a body any longer while its request waits for the result', async () => {
    const waiting = Array.from({ length: 20 }, () =>
      fetch(`${api.url}/v1/jobs`, {
        method: 'POST',
        body: JSON.stringify({ front: { image: large } }),
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', prefer: 'wait=3' },
      }),
    );
    const statuses = (await Promise.all(waiting)).map(({ status }) => status);
    // They do not all fit at once; a refused request succeeds a moment later.
    expect(statuses.filter((status) => status !== 202 && status !== 503)).toEqual([]);
    const later = fetch(`${api.url}/v1/jobs`, {
      method: 'POST',
      ...json({ front: { image } }),
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', prefer: 'wait=3' },
    });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect((await submit()).status).toBe(202);
    expect((await later).status).toBe(202);
  });
});
