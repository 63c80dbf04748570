/** Limits and keys over two API processes that share a ledger and a Redis: what is changed in one place holds in both. */

import { systemClock } from '@cardseal/base/clock';
import { createApiKey } from '@cardseal/core/access';
import type { ApiKeyRecord, KeyLimits } from '@cardseal/core/ledger';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startBenchRedis } from '../../bench/fairness/redis.ts';
import { json, startTestApi, type TestApi } from '../../support/api.ts';
import { plainJpeg } from '../../support/images.ts';

const WITHIN_MS = 2000;

describe('two API processes', () => {
  let redis: Awaited<ReturnType<typeof startBenchRedis>>;
  let first: TestApi;
  let second: TestApi;
  let image: string;
  beforeAll(async () => {
    redis = await startBenchRedis();
    first = await startTestApi({ redisUrl: redis.url });
    second = await startTestApi({ redisUrl: redis.url, ledger: first.ledger, store: first.store });
    image = (await plainJpeg()).toString('base64');
    // Limits are shared from the moment on at which Redis has answered.
    await vi.waitFor(
      async () => {
        for (const api of [first, second]) expect((await api.call('GET', '/readyz')).body.redis).toBe('ok');
      },
      { timeout: 10_000 },
    );
  });
  afterAll(async () => {
    await Promise.all([first?.stop(), second?.stop()]);
    await redis?.stop();
  });

  const keyWith = (limits?: KeyLimits) =>
    createApiKey(first.ledger, systemClock, {
      tenant: 'bank',
      env: 'test',
      scopes: ['jobs:read', 'jobs:write'],
      limits,
    });
  const change = (id: string, to: (value: ApiKeyRecord) => ApiKeyRecord) =>
    first.ledger.tenants.apiKeys.change('bank', id, to);
  const submit = (api: TestApi, key: string) => api.call('POST', '/v1/jobs', { key, ...json({ front: { image } }) });

  /** Both answer so, for good, within two seconds. */
  async function bothSay(key: string, expected: number): Promise<void> {
    const startedMs = performance.now();
    for (const api of [first, second]) {
      const timeout = WITHIN_MS - (performance.now() - startedMs);
      const status = async () => (await api.call('GET', '/v1/jobs', { key })).status;
      await expect.poll(status, { interval: 50, timeout }).toBe(expected);
    }
  }

  it('both refuse a revoked key within two seconds', async () => {
    const { id, key } = await keyWith();
    await bothSay(key, 200);
    await change(id, (value) => ({ ...value, revokedAtMs: systemClock.now() }));
    await bothSay(key, 401);
  });

  it('both let a key do what it was just allowed, and no more what it was just denied', async () => {
    const { id, key } = await keyWith();
    await bothSay(key, 200);
    await change(id, (value) => ({ ...value, scopes: ['jobs:write'] }));
    await bothSay(key, 403);
    await change(id, (value) => ({ ...value, scopes: ['jobs:read'] }));
    await bothSay(key, 200);
  });

  it('share a rate', async () => {
    const { key } = await keyWith({ requestsPerSecond: 10 });
    const startedMs = performance.now();
    const ask = (_: unknown, at: number) => (at % 2 ? first : second).call('GET', '/v1/jobs', { key });
    const answers = await Promise.all(Array.from({ length: 60 }, ask));
    const seconds = Math.floor((performance.now() - startedMs) / 1000) + 2;
    const through = answers.filter(({ status }) => status === 200);
    expect(through.length).toBeLessThanOrEqual(10 * seconds);
    expect(through.length).toBeGreaterThanOrEqual(10);
  });

  it('share the cards of a day, and take up a new limit within two seconds', async () => {
    const { id, key } = await keyWith({ cardsPerDay: 4 });
    const answers = await Promise.all([0, 1, 2, 3, 4, 5].map((at) => submit(at % 2 ? first : second, key)));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(4);
    expect(answers.filter(({ body }) => body.code === 'daily_limit')).toHaveLength(2);
    await change(id, (value) => ({ ...value, limits: { cardsPerDay: 6 } }));
    const again = async () => (await submit(second, key)).status;
    await expect.poll(again, { interval: 100, timeout: WITHIN_MS }).toBe(202);
  });

  it('spend one card for many submits at once under one Idempotency-Key', async () => {
    const { key } = await keyWith({ cardsPerDay: 2 });
    const under = (idempotencyKey: string, at: number) =>
      (at % 2 ? first : second).call('POST', '/v1/jobs', {
        key,
        body: JSON.stringify({ front: { image } }),
        headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
      });
    const many = (idempotencyKey: string) =>
      Promise.all(Array.from({ length: 50 }, (_, at) => under(idempotencyKey, at)));
    for (const idempotencyKey of ['one', 'two']) {
      const answers = await many(idempotencyKey);
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
      expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    }
    expect(new Set((await many('three')).map(({ body }) => body.code))).toEqual(new Set(['daily_limit']));
  });

  it('count what keys were used for, by key and day', async () => {
    const { id, key } = await keyWith({ requestsPerSecond: 1000, cardsPerDay: 3 });
    for (const api of [first, second, first, second]) await submit(api, key);
    // Processes write once a minute; one that is asked, or stops, does so at once.
    const rows = async (api: TestApi) =>
      (await api.call('GET', '/v1/usage', { key })).body.data.filter((row: { key_id: string }) => row.key_id === id);
    await rows(first);
    const [row, ...others] = await rows(second);
    expect(others).toEqual([]);
    expect(row).toMatchObject({ key_id: id, requests: 6, cards: 3, refused: 1 });
    expect(row.day).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    const foreign = await first.call('GET', '/v1/usage', { key: await first.key('other') });
    expect(foreign.body.data.map((one: { key_id: string }) => one.key_id)).not.toContain(id);
  });
});
