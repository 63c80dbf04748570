import { ManualClock } from '@cardseal/core/clock';
import type { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { createCounter } from './counter.ts';
import { createLimits } from './limits.ts';

/** Redis is away: what counts is counted here. */
const away = { status: 'end' } as Redis;

function limitsAt(startMs: number, pending = 0) {
  const clock = new ManualClock(startMs);
  const markers = { countPending: async () => pending };
  return { clock, limits: createLimits(createCounter(away, '{test}'), { markers } as never, clock) };
}
const key = (limits: object) => ({ tenant: 'bank', apiKeyId: 'k', limits });
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

  it('spends no card that it refuses, and begins anew at midnight in Shanghai', async () => {
    const { clock, limits } = limitsAt(NOON);
    const ten = key({ cardsPerDay: 10 });
    await limits.spend(ten, 8);
    await expect(limits.spend(ten, 3)).rejects.toMatchObject({ code: 'daily_limit', retryAfterS: 12 * 3600 });
    await limits.spend(ten, 2);
    clock.advance(12 * 3_600_000);
    await limits.spend(ten, 10);
  });

  it('spends what is asked for many times at once only once, and refuses all of it or nothing', async () => {
    const { limits } = limitsAt(NOON);
    const three = key({ cardsPerDay: 3 });
    const many = (id: string, cards = 1) =>
      Promise.all(
        Array.from({ length: 50 }, () =>
          limits.spend(three, cards, { id, queued: false }).then(
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

  it('has room in the queue for what is in it', async () => {
    const { limits } = limitsAt(NOON, 10);
    await limits.spend(key({ inQueue: 10 }), 1, { id: 'a', queued: true });
    await expect(limits.spend(key({ inQueue: 10 }), 1, { id: 'b', queued: false })).rejects.toMatchObject({
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
