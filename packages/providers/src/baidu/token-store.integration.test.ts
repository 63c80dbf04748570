import { randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '@cardseal/base/clock';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRedisForTests } from './redis-for-tests.ts';
import { redisTokenStore } from './redis-token-store.ts';
import { memoryTokenStore, type StoredToken, type TokenStore } from './token-store.ts';

let server: Awaited<ReturnType<typeof startRedisForTests>>;
let redis: Redis;
const sealBytes = randomBytes(32);
const sealKey = async () => sealBytes;

beforeAll(async () => {
  server = await startRedisForTests();
  redis = server.connect({ maxRetriesPerRequest: null });
});
afterAll(() => server.stop());

const inRedis = (over: Partial<Parameters<typeof redisTokenStore>[0]> = {}) =>
  redisTokenStore({
    redis,
    keyPrefix: `{t-${randomBytes(6).toString('hex')}}:`,
    credentialId: 'main',
    apiKey: 'ak',
    sealKey,
    clock: systemClock,
    ...over,
  });

const token = (text: string, lifeMs = 60_000): StoredToken => {
  const nowMs = Date.now();
  return { token: text, renewAtMs: nowMs + lifeMs / 2, expiresAtMs: nowMs + lifeMs, version: text };
};

/** Both stores under a clock that only the test moves forward; Redis itself keeps the real one. */
const offsetClock = () => {
  const clock = { offsetMs: 0, now: () => Date.now() + clock.offsetMs, sleep: systemClock.sleep };
  return clock;
};

describe.each<[string, (clock: Clock) => TokenStore]>([
  ['in memory', (clock) => memoryTokenStore(clock)],
  ['in Redis', (clock) => inRedis({ clock })],
])('the token store %s', (_, create) => {
  it('is empty, keeps what was written, and keeps the last', async () => {
    const store = create(systemClock);
    expect(await store.read()).toBeNull();
    const first = token('one');
    await store.write(first);
    expect(await store.read()).toEqual(first);
    await store.write(token('two'));
    expect((await store.read())?.token).toBe('two');
  });

  it('forgets an expired token', async () => {
    const clock = offsetClock();
    const store = create(clock);
    await store.write(token('short', 10_000));
    expect(await store.read()).not.toBeNull();
    clock.offsetMs = 10_001;
    expect(await store.read()).toBeNull();
  });

  it('gives the lock to one of many, and to the next after release', async () => {
    const store = create(systemClock);
    const tries = await Promise.all(Array.from({ length: 20 }, () => store.lock(60_000)));
    const winners = tries.filter((release) => release !== null);
    expect(winners).toHaveLength(1);
    await winners[0]!();
    expect(await store.lock(60_000)).not.toBeNull();
  });

  it('a lock that ran out is free, and its late release does not free the next one', async () => {
    const store = create(systemClock);
    const late = await store.lock(20);
    await expect.poll(() => store.lock(60_000), { interval: 10 }).not.toBeNull();
    await late!();
    expect(await store.lock(60_000)).toBeNull();
  });
});

describe('the token store in Redis', () => {
  it('is shared by all connections with the same prefix and credential, and by no others', async () => {
    const shared = { keyPrefix: '{shared}:' };
    await inRedis(shared).write(token('one'));
    expect((await inRedis({ ...shared, redis: server.connect() }).read())?.token).toBe('one');
    expect(await inRedis({ ...shared, credentialId: 'other' }).read()).toBeNull();
    expect(await inRedis({ keyPrefix: '{else}:' }).read()).toBeNull();
  });

  it('holds no token in clear, and expires by itself', async () => {
    const keyPrefix = '{sealed}:';
    await inRedis({ keyPrefix }).write(token('24.very-secret', 5_000));
    const [key] = await redis.keys(`${keyPrefix}*`);
    const raw = await redis.getBuffer(key!);
    expect(raw!.includes('very-secret')).toBe(false);
    expect(await redis.pttl(key!)).toBeGreaterThan(3_000);
  });

  it('takes what it cannot open for absent: another key, a changed byte, a value moved between credentials', async () => {
    const keyPrefix = '{broken}:';
    const store = inRedis({ keyPrefix });
    await store.write(token('one'));
    expect(await inRedis({ keyPrefix, sealKey: async () => randomBytes(32) }).read()).toBeNull();
    const key = `${keyPrefix}token:main`;
    const raw = (await redis.getBuffer(key))!;
    await redis.set(`${keyPrefix}token:other`, raw);
    expect(await inRedis({ keyPrefix, credentialId: 'other' }).read()).toBeNull();
    for (const at of [0, 1, 20, raw.length - 1]) {
      const changed = Buffer.from(raw);
      changed[at]! ^= 1;
      await redis.set(key, changed);
      expect(await store.read()).toBeNull();
    }
    for (const length of [0, 1, 12, 20]) {
      await redis.set(key, raw.subarray(0, length));
      expect(await store.read()).toBeNull();
    }
  });

  it('does not hand the token of a key that was replaced to the key that replaces it', async () => {
    const keyPrefix = '{renewed}:';
    await inRedis({ keyPrefix, apiKey: 'dead' }).write(token('of the dead key'));
    const renewed = inRedis({ keyPrefix, apiKey: 'renewed' });
    expect(await renewed.read()).toBeNull();
    await renewed.write(token('of the renewed key'));
    expect((await renewed.read())?.token).toBe('of the renewed key');
  });

  it('fails within its bound while Redis is frozen', async () => {
    const frozen = await startRedisForTests();
    try {
      const store = inRedis({ redis: frozen.connect({ maxRetriesPerRequest: null }), commandTimeoutMs: 50 });
      frozen.freeze();
      await expect(store.read()).rejects.toMatchObject({ code: 'token_store_timeout' });
      await expect(store.lock(1_000)).rejects.toMatchObject({ code: 'token_store_timeout' });
    } finally {
      await frozen.stop();
    }
  });

  it('refuses a seal key of another size', async () => {
    const store = inRedis({ sealKey: async () => randomBytes(16) });
    const token = { value: 'token', expiresAtMs: Date.now() + 3_600_000 };
    await expect(store.write(token as never)).rejects.toThrow('token_seal_key_size');
  });
});
