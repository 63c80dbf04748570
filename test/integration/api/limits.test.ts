import { createApiKey } from '@cardseal/core/access';
import { systemClock } from '@cardseal/core/clock';
import type { KeyLimits } from '@cardseal/core/ledger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, startTestApi, type TestApi } from '../../support/api.ts';
import { plainJpeg } from '../../support/pictures.ts';

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

  it('is told what is left, and when to come again', async () => {
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
