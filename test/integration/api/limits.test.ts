import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '@cardseal/base/clock';
import { createApiKey } from '@cardseal/core/access';
import { type KeyLimits, SYSTEM_TENANT, type TenantLimits } from '@cardseal/core/ledger';
import { type RedisServer, startRedis } from '@cardseal/dev';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, startTestApi, type TestApi } from '../../support/api.ts';
import { plainJpeg } from '../../support/images.ts';

describe('a limited key, with Redis away', () => {
  let api: TestApi;
  let image: string;
  beforeAll(async () => {
    api = await startTestApi();
    image = (await plainJpeg()).toString('base64');
  });
  afterAll(() => api.stop());

  const keyWith = async (limits: KeyLimits) => {
    const scopes = ['jobs:read', 'jobs:write'] as const;
    return (await createApiKey(api.ledger, systemClock, { tenant: 'bank', env: 'test', scopes: [...scopes], limits }))
      .key;
  };

  it('receives the remaining quota, and when to retry', async () => {
    const key = await keyWith({ requestsPerSecond: 3 });
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.call('GET', '/v1/jobs', { key })));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(10);
    expect(refused[0]!.body.code).toBe('rate_limited');
    expect(refused[0]!.headers.get('retry-after')).toBe('1');
    for (const { headers } of answers) {
      expect(headers.get('ratelimit-policy')).toBe('"requests";q=3;w=1');
      expect(headers.get('ratelimit')).toMatch(/^"requests";r=\d;t=1$/);
    }
  });

  it('submits no more cards a day than it may, and repeats are no further cards', async () => {
    const key = await keyWith({ cardsPerDay: 2 });
    const submit = (name: string) =>
      api.call('POST', '/v1/jobs', {
        key,
        ...json({ front: { image }, reference: name }),
        headers: { 'content-type': 'application/json', 'idempotency-key': name },
      });
    expect((await submit('one')).status).toBe(202);
    for (let repeat = 0; repeat < 3; repeat++) expect((await submit('one')).status).toBe(202);
    expect((await submit('two')).status).toBe(202);
    const third = await submit('three');
    expect([third.status, third.body.code]).toEqual([429, 'daily_limit']);
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('has no more requests open than it may', async () => {
    const key = await keyWith({ concurrency: 1 });
    const job = (await api.call('POST', '/v1/jobs', { key, ...json({ front: { image } }) })).body.id;
    const stop = new AbortController();
    const headers = { authorization: `Bearer ${key}` };
    await fetch(`${api.url}/v1/jobs/${job}/events`, { headers, signal: stop.signal });
    expect((await api.call('GET', '/v1/jobs', { key })).body.code).toBe('too_many_concurrent');
    stop.abort();
    await expect.poll(async () => (await api.call('GET', '/v1/jobs', { key })).status).toBe(200);
  });
});

describe('a limited tenant', () => {
  let server: RedisServer;
  let api: TestApi;
  const image = plainJpeg().then((bytes) => bytes.toString('base64'));
  const dataDir = mkdtempSync(path.join(tmpdir(), 'tenant-limits-'));
  beforeAll(async () => {
    server = await startRedis({ dataDir });
    api = await startTestApi({ redisUrl: server.url });
  });
  afterAll(async () => {
    await api?.stop();
    await server?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const newKey = async () => {
    const scopes = ['jobs:read', 'jobs:write'] as const;
    return (await createApiKey(api.ledger, systemClock, { tenant: 'bank', env: 'test', scopes: [...scopes] })).key;
  };
  const cap = (limits: TenantLimits) =>
    api.ledger.tenants.records.change(SYSTEM_TENANT, 'bank', (value) => ({ ...value, limits }));

  it('shares its rate between all its keys, and says so in the headers', async () => {
    const keys = await Promise.all([newKey(), newKey()]);
    await cap({ requestsPerSecond: 4 });
    await expect
      .poll(async () => (await api.call('GET', '/v1/jobs', { key: keys[0]! })).headers.get('ratelimit-policy'), {
        timeout: 5000,
      })
      .toBe('"tenant";q=4;w=1');
    const calls = Array.from({ length: 20 }, (_, at) => api.call('GET', '/v1/jobs', { key: keys[at % 2]! }));
    const refused = (await Promise.all(calls)).filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(12);
    expect(refused[0]!.body).toMatchObject({ code: 'rate_limited', detail: expect.stringContaining('tenant') });
    await cap({});
  });

  it('shares its cards of a day between all its keys; a batch takes all of its lines or none', async () => {
    const [one, two] = await Promise.all([newKey(), newKey()]);
    await cap({ cardsPerDay: 3 });
    const quota = async (key: string) => (await api.call('GET', '/v1/quota', { key })).body.limits;
    await expect.poll(async () => (await quota(one!)).tenant.cards_per_day, { timeout: 5000 }).toBe(3);
    const front = { image: await image };
    const submit = (key: string) => api.call('POST', '/v1/jobs', { key, ...json({ front }) });
    const batch = (key: string, lines: number) =>
      api.call('POST', '/v1/batches', {
        key,
        body: Array.from({ length: lines }, () => `${JSON.stringify({ front })}\n`).join(''),
        headers: { 'content-type': 'application/x-ndjson' },
      });
    expect((await submit(one!)).status).toBe(202);
    expect(await batch(two!, 3)).toMatchObject({ status: 429, body: { code: 'daily_limit' } });
    expect((await batch(two!, 2)).status).toBe(202);
    expect(await submit(one!)).toMatchObject({ status: 429, body: { code: 'daily_limit' } });
    expect(await quota(two!)).toMatchObject({
      key: { cards_per_day: null, cards_left_today: null },
      tenant: { cards_per_day: 3, cards_left_today: 0 },
    });
  });
});
