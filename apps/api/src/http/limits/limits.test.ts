import { ManualClock } from '@cardseal/base/clock';
import type { TenantLimits } from '@cardseal/core/ledger';
import type { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { createCounter } from './counter.ts';
import { createLimits } from './limits.ts';

/** Redis is away: what counts is counted here. */
const away = { status: 'end' } as Redis;

function limitsAt(startMs: number, pending = 0, ofTenant: TenantLimits = {}) {
  const clock = new ManualClock(startMs);
  const ledger = { jobs: { markers: { countPending: async () => pending } } } as never;
  return { clock, limits: createLimits(createCounter(away, '{test}'), ledger, clock, async () => ofTenant) };
}
const key = (limits: object, apiKeyId = 'k') => ({ tenant: 'bank', apiKeyId, limits });
const known = (id: string, queued: boolean) => async () => ({ id, queued });
const NOON = Date.UTC(2026, 0, 1, 4);

describe('limits of a key', () => {
  it('lets as many requests through a second as it says, and says what is left', async () => {
    const { clock, limits } = limitsAt(NOON);
    const two = key({ requestsPerSecond: 2 });
    expect((await limits.admit(two)).headers).toEqual({
      'ratelimit-policy': '"requests";q=2;w=1',
      ratelimit: '"requests";r=1;t=1',
    });
    await limits.admit(two);
    await expect(limits.admit(two)).rejects.toMatchObject({ code: 'rate_limited', retryAfterS: 1 });
    clock.advance(1000);
    await limits.admit(two);
  });

  it('counts what is open, once, until it is released', async () => {
    const { limits } = limitsAt(NOON);
    const one = key({ concurrency: 1 });
    const first = await limits.admit(one);
    await expect(limits.admit(one)).rejects.toMatchObject({ code: 'too_many_concurrent' });
    first.release();
    first.release();
    await limits.admit(one);
    await expect(limits.admit(one)).rejects.toMatchObject({ code: 'too_many_concurrent' });
  });

  it('spends no card that it refuses, and starts again at midnight in Shanghai', async () => {
    const { clock, limits } = limitsAt(NOON);
    const ten = key({ cardsPerDay: 10 });
    await limits.spend(ten, 8);
    await expect(limits.spend(ten, 3)).rejects.toMatchObject({ code: 'daily_limit', retryAfterS: 12 * 3600 });
    await limits.spend(ten, 2);
    clock.advance(12 * 3_600_000);
    await limits.spend(ten, 10);
  });

  it('spends parallel repeats of a request only once, and refuses all of it or nothing', async () => {
    const { limits } = limitsAt(NOON);
    const three = key({ cardsPerDay: 3 });
    const many = (id: string, cards = 1) =>
      Promise.all(
        Array.from({ length: 50 }, () =>
          limits.spend(three, cards, known(id, false)).then(
            () => 'spent',
            ({ code }) => code,
          ),
        ),
      );
    expect(new Set(await many('a'))).toEqual(new Set(['spent']));
    expect(new Set(await many('b', 3))).toEqual(new Set(['daily_limit']));
    expect(new Set(await many('c', 2))).toEqual(new Set(['spent']));
    expect(new Set(await many('d'))).toEqual(new Set(['daily_limit']));
    expect(new Set(await many('a'))).toEqual(new Set(['spent']));
  });

  it('does not count a job against the queue limit when the queue already holds it', async () => {
    const { limits } = limitsAt(NOON, 10);
    await limits.spend(key({ inQueue: 10 }), 1, known('a', true));
    await expect(limits.spend(key({ inQueue: 10 }), 1, known('b', false))).rejects.toMatchObject({
      code: 'queue_full',
    });
  });

  it('refuses what would make the queue longer than it may be', async () => {
    const { limits } = limitsAt(NOON, 9);
    await limits.spend(key({ inQueue: 10 }), 1);
    await expect(limits.spend(key({ inQueue: 10 }), 2)).rejects.toMatchObject({ code: 'queue_full' });
  });

  it('does nothing for a key without limits', async () => {
    const { limits } = limitsAt(NOON, 1_000_000);
    for (let i = 0; i < 100; i++) expect((await limits.admit(key({}))).headers).toEqual({});
    await limits.spend(key({}), 1_000_000);
  });
});

describe('caps of a tenant', () => {
  it('hold for all keys together, and the headers name both limits', async () => {
    const { clock, limits } = limitsAt(NOON, 0, { requestsPerSecond: 3 });
    expect((await limits.admit(key({ requestsPerSecond: 2 }))).headers).toEqual({
      'ratelimit-policy': '"requests";q=2;w=1, "tenant";q=3;w=1',
      ratelimit: '"requests";r=1;t=1, "tenant";r=2;t=1',
    });
    await limits.admit(key({}, 'other'));
    expect((await limits.admit(key({}, 'third'))).headers).toEqual({
      'ratelimit-policy': '"tenant";q=3;w=1',
      ratelimit: '"tenant";r=0;t=1',
    });
    await expect(limits.admit(key({}, 'fourth'))).rejects.toMatchObject({
      code: 'rate_limited',
      message: expect.stringContaining('All keys of the tenant'),
      retryAfterS: 1,
    });
    clock.advance(1000);
    await limits.admit(key({}, 'fourth'));
  });

  it('are not used up by what the limit of one key refuses', async () => {
    const { limits } = limitsAt(NOON, 0, { requestsPerSecond: 2, cardsPerDay: 5 });
    const narrow = key({ requestsPerSecond: 1, cardsPerDay: 1 });
    await limits.admit(narrow);
    await expect(limits.admit(narrow)).rejects.toMatchObject({ code: 'rate_limited' });
    await limits.admit(key({}, 'other'));
    await limits.spend(narrow, 1);
    await expect(limits.spend(narrow, 4)).rejects.toMatchObject({ code: 'daily_limit' });
    await limits.spend(key({}, 'other'), 4);
  });

  it('count cards of a day over all keys, and take nothing from the key when the tenant refuses', async () => {
    const { clock, limits } = limitsAt(NOON, 0, { cardsPerDay: 10 });
    await limits.spend(key({}, 'a'), 8);
    const own = key({ cardsPerDay: 3 }, 'b');
    await expect(limits.spend(own, 3)).rejects.toMatchObject({
      code: 'daily_limit',
      message: expect.stringContaining('All keys of the tenant'),
    });
    await limits.spend(own, 2);
    expect(await limits.view(own)).toEqual({
      key: { requestsPerSecond: null, cardsPerDay: 3, cardsLeftToday: 1 },
      tenant: { requestsPerSecond: null, cardsPerDay: 10, cardsLeftToday: 0 },
    });
    clock.advance(12 * 3_600_000);
    await limits.spend(own, 3);
  });

  it('count a repeat under one id once', async () => {
    const { limits } = limitsAt(NOON, 0, { cardsPerDay: 1 });
    const all = Array.from({ length: 20 }, () => limits.spend(key({}), 1, known('a', false)));
    await Promise.all(all);
    await expect(limits.spend(key({}), 1, known('b', false))).rejects.toMatchObject({ code: 'daily_limit' });
  });
});
