import { generateKeyPairSync } from 'node:crypto';
import { decryptPayload } from '@cardseal/client';
import { generateSpecimens, type Specimen } from '@cardseal/emulator/cards';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestStack, type TestStack } from '../support/stack.ts';
import {
  type Arrival,
  answer,
  type Receiver,
  seenOf,
  startReceiver,
  verifyTwice,
} from '../support/webhook-receiver.ts';

describe('webhooks from submit to a verified event, through the whole stack', () => {
  let app: TestStack;
  let receiver: Receiver;
  let specimen: Specimen;
  beforeAll(async () => {
    [app, receiver] = await Promise.all([startTestStack(), startReceiver()]);
    for await (const one of generateSpecimens({ count: 1, seed: 71, scenario: 'good' })) specimen = one;
  });
  afterAll(async () => {
    await app?.stop();
    await receiver?.stop();
  });

  async function post(route: string, body?: object) {
    const init = body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    return app.call('POST', route, init ?? {});
  }
  async function register(path: string, terms: object = {}) {
    const { status, body } = await post('/v1/webhook-endpoints', { url: receiver.url(path), ...terms });
    expect(status, JSON.stringify(body)).toBe(201);
    return body as { id: string; secret: string };
  }
  const remove = (id: string) => app.call('DELETE', `/v1/webhook-endpoints/${id}`);
  const ofJob = (id: string, path: string) => (arrival: Arrival) =>
    arrival.path === path && arrival.event.data.id === id && arrival.event.type.startsWith('job.');

  it('two foreign libraries verify every mode, with both secrets of a rotation; all endpoints see one id', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const public_key = publicKey.export({ format: 'pem', type: 'spki' });
    const endpoints = {
      full: await register('/full', { headers: { 'X-Tenant-Token': 'opaque' } }),
      reference: await register('/reference', { payload: 'reference' }),
      encrypted: await register('/encrypted', { payload: 'encrypted', public_key }),
    };
    const rotated = await post(`/v1/webhook-endpoints/${endpoints.full.id}/rotate-secret`, { overlap: 3600 });
    expect(rotated).toMatchObject({ status: 200, body: { secrets: 2 } });
    const { id } = await app.submit(specimen);
    const arrived = await receiver.next((one) => one.event.data.id === id && one.event.type === 'job.succeeded', 3);
    expect(new Set(arrived.map((one) => one.id)).size).toBe(1);
    const by = Object.fromEntries(arrived.map((one) => [one.path.slice(1), one])) as Record<string, Arrival>;
    for (const mode of ['full', 'reference', 'encrypted'] as const) verifyTwice(by[mode]!, endpoints[mode].secret);
    verifyTwice(by.full!, rotated.body.secret);
    expect(() => verifyTwice(by.full!, endpoints.reference.secret)).toThrow();
    expect(by.full!.headers['x-tenant-token']).toBe('opaque');

    const job = await app.finished(id);
    expect(by.full!.event.data.result).toEqual(job.result);
    const { id_number, name } = job.result.card;
    expect(by.reference!.raw).not.toContain(id_number);
    expect(by.reference!.raw).not.toContain(name);
    expect(by.encrypted!.raw).not.toContain(id_number);
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    const opened = (await decryptPayload(by.encrypted!.event.data.jwe, pem)) as Record<string, unknown>;
    expect(opened).toMatchObject({ event_id: by.full!.id, endpoint_id: endpoints.encrypted.id });
    expect((opened.data as { result: unknown }).result).toEqual(job.result);

    const cut = await post(`/v1/webhook-endpoints/${endpoints.full.id}/rotate-secret`, { overlap: 0 });
    expect(cut.body.secrets).toBe(1);
    await Promise.all(Object.values(endpoints).map((one) => remove(one.id)));
  });

  it('410 disables and parks, the other endpoints are notified once, and enabling sends the same bytes', async () => {
    const watcher = await register('/watcher', { events: ['endpoint.disabled', 'endpoint.recovered'] });
    const leaver = await register('/leaver');
    receiver.behave('/leaver', answer(410));
    const first = await app.submit(specimen);
    const [told] = await receiver.next(({ event }) => event.type === 'endpoint.disabled');
    verifyTwice(told!, watcher.secret);
    expect(told).toMatchObject({ path: '/watcher', event: { data: { endpoint_id: leaver.id, state: 'disabled' } } });
    const disabled = await app.call('GET', `/v1/webhook-endpoints/${leaver.id}`);
    expect(disabled.body).toMatchObject({ state: 'disabled', health: 'disabled', disabled_by: 'gone' });
    const second = await app.submit(specimen);
    await app.finished(second.id);
    await expect
      .poll(async () => (await app.call('GET', `/v1/jobs/${second.id}`)).body.deliveries, { timeout: 10_000 })
      .toMatchObject([{ endpoint_id: leaver.id, state: 'parked', tries: 0 }]);

    receiver.behave('/leaver', answer(204));
    expect((await post(`/v1/webhook-endpoints/${leaver.id}/enable`)).body).toMatchObject({ state: 'enabled' });
    await receiver.next(ofJob(second.id, '/leaver'));
    const both = await receiver.next(ofJob(first.id, '/leaver'), 2);
    expect(seenOf(both)).toMatchObject({ ids: { size: 1 }, bodies: { size: 1 } });
    expect(receiver.arrivals.filter(({ event }) => event.type === 'endpoint.disabled')).toHaveLength(1);
    await Promise.all([remove(watcher.id), remove(leaver.id)]);
  });

  it('a delivery can be read with its tries and be sent again; the record survives the loss of Redis', async () => {
    const endpoint = await register('/record');
    receiver.behave('/record', (response) => void response.writeHead(400).end('no thanks'));
    const { id } = await app.submit(specimen);
    await receiver.next(ofJob(id, '/record'));
    receiver.behave('/record', answer(204));
    const owed = await expect
      .poll(async () => (await app.call('GET', '/v1/deliveries?state=undelivered')).body.data, { timeout: 10_000 })
      .toMatchObject([{ job_id: id, endpoint_id: endpoint.id, state: 'undelivered', tries: 1, last_status: 400 }])
      .then(async () => (await app.call('GET', '/v1/deliveries?state=undelivered')).body.data[0]);
    const read = await app.call('GET', `/v1/deliveries/${owed.id}`);
    expect(read.body.entries).toMatchObject([{ class: 'client_error', status: 400, answer: { text: 'no thanks' } }]);
    expect((await post(`/v1/deliveries/${owed.id}/resend`)).status).toBe(202);
    const both = await receiver.next(ofJob(id, '/record'), 2);
    expect(seenOf(both)).toMatchObject({ ids: { size: 1 }, bodies: { size: 1 } });

    const { Redis } = await import('ioredis');
    const redis = new Redis(app.stack.info.redisUrl);
    await redis.flushall();
    redis.disconnect();
    await expect
      .poll(async () => (await app.call('GET', `/v1/deliveries/${owed.id}`)).body, { timeout: 10_000 })
      .toMatchObject({ state: 'delivered', tries: 2 });
    const list = await app.call('GET', `/v1/webhook-endpoints/${endpoint.id}/deliveries?state=delivered`);
    expect(list.body.data).toMatchObject([
      { id: owed.id, job_id: id, event_type: 'job.succeeded' },
      { job_id: null, event_type: 'endpoint.test', tries: 1, last_status: 204 },
    ]);
    expect((await app.call('GET', '/v1/deliveries?state=undelivered')).body.data).toEqual([]);
    await remove(endpoint.id);
  });

  it('an endpoint made afterwards recovers what it missed, encrypted to it alone', async () => {
    const sinceMs = Date.now();
    const { id } = await app.submit(specimen);
    const job = await app.finished(id);
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const public_key = publicKey.export({ format: 'pem', type: 'spki' });
    const endpoint = await register('/late', { payload: 'encrypted', public_key });
    const recovery = await post(`/v1/webhook-endpoints/${endpoint.id}/recover`, {
      since: new Date(sinceMs - 1000).toISOString(),
    });
    expect(recovery).toMatchObject({ status: 202, body: { state: 'running', counts: { complete: true } } });
    const [arrival] = await receiver.next(ofJob(id, '/late'));
    verifyTwice(arrival!, endpoint.secret);
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    expect(await decryptPayload(arrival!.event.data.jwe, pem)).toMatchObject({ data: { result: job.result } });
    await remove(endpoint.id);
  });

  it('Retry-After holds the endpoint: nothing else is sent there meanwhile, and no other endpoint waits', async () => {
    const [busy, other] = [await register('/busy'), await register('/other')];
    receiver.behave('/busy', answer(429, { 'retry-after': '4' }));
    const first = await app.submit(specimen);
    await receiver.next(ofJob(first.id, '/busy'));
    receiver.behave('/busy', answer(204));
    await expect
      .poll(async () => (await app.call('GET', `/v1/webhook-endpoints/${busy.id}`)).body.health, { timeout: 5000 })
      .toBe('held');
    const heldMs = receiver.arrivals.findLast(ofJob(first.id, '/busy'))!.atMs;
    const second = await app.submit(specimen);
    const [elsewhere] = await receiver.next(ofJob(second.id, '/other'));
    expect(elsewhere!.atMs - heldMs).toBeLessThan(4000);
    const [late] = await receiver.next(ofJob(second.id, '/busy'));
    expect(late!.atMs - heldMs).toBeGreaterThanOrEqual(3900);
    await Promise.all([remove(busy.id), remove(other.id)]);
  });

  it('changes hold at once for what comes next; a test event is sent on demand', async () => {
    const endpoint = await register('/before', { events: ['job.failed'] });
    const url = receiver.url('/after');
    const changed = await app.call('PATCH', `/v1/webhook-endpoints/${endpoint.id}`, {
      body: JSON.stringify({ url, events: null, payload: 'reference', max_rate: 5 }),
      headers: { 'content-type': 'application/json' },
    });
    expect(changed.body).toMatchObject({ url, events: null, payload: 'reference', max_rate: 5 });
    expect((await post(`/v1/webhook-endpoints/${endpoint.id}/test`)).body).toMatchObject({
      delivered: true,
      status: 204,
    });
    const ids = await Promise.all(Array.from({ length: 8 }, async () => (await app.submit(specimen)).id));
    const arrived = await receiver.next(({ path, event }) => path === '/after' && ids.includes(event.data.id), 8);
    const times = arrived.map(({ atMs }) => atMs).sort((a, b) => a - b);
    expect(times[7]! - times[0]!).toBeGreaterThanOrEqual(1200);
    expect(receiver.arrivals.some(({ path }) => path === '/before')).toBe(false);
    await remove(endpoint.id);
  });
});
