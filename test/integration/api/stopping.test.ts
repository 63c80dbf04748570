/** Shutdown of the API: open requests get a response, and waiting requests end at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobView } from '@cardseal/core/job';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { json, startTestApi, type TestApi } from '../../support/api.ts';
import { plainJpeg } from '../../support/images.ts';
import { answerOf, openSocket } from '../../support/raw-http.ts';

describe('an API that stops', () => {
  let api: TestApi;
  let key: string;
  let jpeg: Buffer;
  let job: JobView;
  let stopped: Promise<void> | undefined;
  beforeEach(async () => {
    stopped = undefined;
    api = await startTestApi({ shutdownGraceMs: 10_000 });
    key = await api.key('bank');
    jpeg = await plainJpeg();
    job = (await api.call('POST', '/v1/jobs', { key, ...json({ front: { image: jpeg.toString('base64') } }) })).body;
  });
  afterEach(() => stopped ?? api.stop());

  const head = (length: number, more = '') =>
    `POST /v1/jobs?side=front HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n` +
    `content-type: image/jpeg\r\ncontent-length: ${length}\r\n${more}\r\n`;
  const bodyOf = (answer: string) => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));
  const settle = () => sleep(200);

  it('answers a long poll with the current state', async () => {
    const poll = fetch(`${api.url}/v1/jobs/${job.id}?wait=30`, { headers: { authorization: `Bearer ${key}` } });
    await settle();
    const startedMs = performance.now();
    stopped = api.stop();
    const answer = await poll;
    expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);
    expect(await answer.json()).toMatchObject({ id: job.id, state: 'queued' });
    await stopped;
    expect(performance.now() - startedMs).toBeLessThan(5000);
  });

  it('answers a submit that waits with 202, because the job is accepted', async () => {
    const socket = openSocket(api.url);
    socket.write(Buffer.concat([Buffer.from(head(jpeg.length, 'prefer: wait=30\r\n')), jpeg]));
    await settle();
    stopped = api.stop();
    const answer = await answerOf(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 202 /);
    expect(bodyOf(answer)).toMatchObject({ state: 'queued' });
  });

  it('lets an upload finish, and refuses new connections meanwhile', async () => {
    const socket = openSocket(api.url);
    socket.write(Buffer.concat([Buffer.from(head(jpeg.length)), jpeg.subarray(0, 100)]));
    await settle();
    stopped = api.stop();
    await settle();
    await expect(fetch(`${api.url}/healthz`)).rejects.toThrow();
    const answer = answerOf(socket);
    socket.write(jpeg.subarray(100));
    expect(await answer).toMatch(/^HTTP\/1\.1 202 /);
    await stopped;
  });

  it('ends a stream of events with an event that says why', async () => {
    const stream = fetch(`${api.url}/v1/jobs/${job.id}/events`, { headers: { authorization: `Bearer ${key}` } });
    await settle();
    stopped = api.stop();
    const text = await (await stream).text();
    expect(text.match(/^event: .*$/gm)).toEqual(['event: state', 'event: problem']);
    expect(text).toContain('"code":"shutting_down"');
    expect(text).toMatch(/^retry: \d+$/m);
  });

  it('is not ready from the first moment on', async () => {
    const socket = openSocket(api.url);
    socket.write('GET /readyz HTTP/1.1\r\nhost: x\r\n');
    await settle();
    stopped = api.stop();
    const answer = answerOf(socket);
    socket.write('\r\n');
    expect(await answer).toMatch(/^HTTP\/1\.1 503 [\s\S]*"code":"shutting_down"/);
  });

  it.each([
    ['after the grace period', undefined],
    ['at once when it must hurry', AbortSignal.abort()],
  ])('ends an upload that never finishes %s, with a problem', async (_when, hurry) => {
    const own = await startTestApi({ shutdownGraceMs: hurry ? 60_000 : 500, ledger: api.ledger });
    const socket = openSocket(own.url);
    socket.write(Buffer.concat([Buffer.from(head(jpeg.length)), jpeg.subarray(0, 100)]));
    await settle();
    const startedMs = performance.now();
    await own.stop(hurry);
    const answer = await answerOf(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(bodyOf(answer)).toMatchObject({ code: 'shutting_down' });
    expect(performance.now() - startedMs).toBeLessThan(5000);
  });
});
