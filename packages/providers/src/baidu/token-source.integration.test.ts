import { randomBytes } from 'node:crypto';
import { ManualClock, systemClock } from '@cardseal/base/clock';
import { DefectError, TransientError } from '@cardseal/base/errors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRedisForTests } from './redis-for-tests.ts';
import { redisTokenStore } from './redis-token-store.ts';
import { createTokenSource, type FetchToken, type TokenEvent, type TokenSourceOptions } from './token-source.ts';
import { memoryTokenStore, type TokenStore } from './token-store.ts';

let server: Awaited<ReturnType<typeof startRedisForTests>>;
beforeAll(async () => {
  server = await startRedisForTests();
});
afterAll(() => server.stop());

const DAY_MS = 86_400_000;
const LIFE_S = 2_592_000;

/** A token endpoint that counts, answering `token-1`, `token-2`, … */
function endpoint(over?: FetchToken): { count: number; fetch: FetchToken } {
  const made = {
    count: 0,
    async fetch(apiKey: string, secretKey: string) {
      made.count++;
      return over ? over(apiKey, secretKey) : { token: `token-${made.count}`, expiresInS: LIFE_S };
    },
  };
  return made;
}

function source(over: Partial<TokenSourceOptions> & Pick<TokenSourceOptions, 'fetchToken'>) {
  const clock = over.clock ?? systemClock;
  const store = over.store ?? memoryTokenStore(clock);
  return createTokenSource({ credentialId: 'main', apiKey: 'ak', secretKey: 'sk', clock, store, pollMs: 5, ...over });
}

const sharedIn = (prefix: string): TokenStore =>
  redisTokenStore({
    redis: server.connect(),
    keyPrefix: prefix,
    credentialId: 'main',
    apiKey: 'ak',
    sealKey: async () => Buffer.alloc(32, 7),
    clock: systemClock,
  });
/** A renewal in the background has landed: with a store in memory it is made of microtasks only. */
const landed = () => new Promise(setImmediate);
const newPrefix = () => `{${randomBytes(6).toString('hex')}}:`;

describe('the token source', () => {
  it('fetches once and then answers from memory', async () => {
    const made = endpoint();
    const tokens = source({ fetchToken: made.fetch });
    expect(await Promise.all(Array.from({ length: 20 }, () => tokens.get()))).toEqual(Array(20).fill('token-1'));
    expect(await tokens.get()).toBe('token-1');
    expect(made.count).toBe(1);
  });

  it('renews a day early, keeps the old one when that fails, and does not insist', async () => {
    const clock = new ManualClock(1_000_000);
    let broken = true;
    const made = endpoint(async () => {
      if (made.count > 1 && broken) throw new TransientError('upstream_token_unavailable');
      return { token: `token-${made.count}`, expiresInS: LIFE_S };
    });
    const tokens = source({ fetchToken: made.fetch, clock });
    await tokens.get();
    clock.advance(LIFE_S * 1_000 - DAY_MS - 1);
    expect([await tokens.get(), made.count]).toEqual(['token-1', 1]);
    clock.advance(1);
    for (let n = 0; n < 3; n++) {
      expect(await tokens.get()).toBe('token-1');
      await landed();
    }
    expect(made.count).toBe(2);
    broken = false;
    clock.advance(60_000);
    expect(await tokens.get()).toBe('token-1');
    await landed();
    expect([await tokens.get(), made.count]).toEqual(['token-3', 3]);
  });

  it('a token that lives shorter than a day is renewed after half of its life', async () => {
    const clock = new ManualClock(0);
    const made = endpoint(async () => ({ token: `token-${made.count}`, expiresInS: 600 }));
    const tokens = source({ fetchToken: made.fetch, clock });
    await tokens.get();
    clock.advance(299_999);
    expect(await tokens.get()).toBe('token-1');
    clock.advance(1);
    await tokens.get();
    await landed();
    expect(await tokens.get()).toBe('token-2');
  });

  it('does not use an expired token, whatever happens', async () => {
    const clock = new ManualClock(0);
    const made = endpoint(async () => {
      if (made.count > 1) throw new TransientError('upstream_token_unavailable');
      return { token: 'token-1', expiresInS: 600 };
    });
    const tokens = source({ fetchToken: made.fetch, clock });
    await tokens.get();
    clock.advance(600_000);
    await expect(tokens.get()).rejects.toThrow('upstream_token_unavailable');
  });

  it('renews only against the token that failed', async () => {
    const made = endpoint();
    const tokens = source({ fetchToken: made.fetch });
    await tokens.get();
    expect(await tokens.renew('token-1')).toBe('token-2');
    expect(await tokens.renew('token-1')).toBe('token-2');
    expect(made.count).toBe(2);
  });

  it('is content when the provider hands out the same text again', async () => {
    const made = endpoint(async () => ({ token: 'same', expiresInS: LIFE_S }));
    const store = memoryTokenStore(systemClock);
    const two = [1, 2].map(() => source({ fetchToken: made.fetch, store }));
    await Promise.all(two.map((tokens) => tokens.get()));
    expect(made.count).toBe(1);
    const renewed = await Promise.all([...two, ...two, ...two].map((tokens) => tokens.renew('same')));
    expect(renewed).toEqual(Array(6).fill('same'));
    expect(made.count).toBe(2);
  });

  it('one caller who gives up does not take the fetch from the others', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const made = endpoint(async () => {
      await gate;
      return { token: 'late', expiresInS: LIFE_S };
    });
    const tokens = source({ fetchToken: made.fetch });
    const controller = new AbortController();
    const impatient = tokens.get(controller.signal);
    const patient = tokens.get(new AbortController().signal);
    controller.abort(new Error('gave up'));
    await expect(impatient).rejects.toThrow('gave up');
    release();
    expect(await patient).toBe('late');
    expect(made.count).toBe(1);
  });

  it('refused keys are a defect, asked about once a minute at most', async () => {
    const clock = new ManualClock(0);
    const events: TokenEvent[] = [];
    const made = endpoint(async () => {
      throw new DefectError('upstream_credential_refused', { fields: { upstreamClass: 'configuration' } });
    });
    const tokens = source({ fetchToken: made.fetch, clock, onEvent: (event) => events.push(event) });
    for (let n = 0; n < 5; n++) await expect(tokens.get()).rejects.toThrow('upstream_credential_refused');
    expect([made.count, events]).toEqual([1, [{ kind: 'refused', credentialId: 'main' }]]);
    clock.advance(60_000);
    await expect(tokens.get()).rejects.toThrow('upstream_credential_refused');
    expect(made.count).toBe(2);
  });
});

describe('shared by processes', () => {
  it('is fetched once by 50 holders over 4 connections', async () => {
    const made = endpoint();
    const prefix = newPrefix();
    const processes = [1, 2, 3, 4].map(() => source({ fetchToken: made.fetch, store: sharedIn(prefix) }));
    const tokens = await Promise.all(Array.from({ length: 50 }, (_, n) => processes[n % 4]!.get()));
    expect(new Set(tokens)).toEqual(new Set(['token-1']));
    expect(made.count).toBe(1);
  });

  it('is renewed once when 50 holders over 4 connections see 110 at once', async () => {
    const made = endpoint();
    const prefix = newPrefix();
    const processes = [1, 2, 3, 4].map(() => source({ fetchToken: made.fetch, store: sharedIn(prefix) }));
    await Promise.all(processes.map((tokens) => tokens.get()));
    for (let round = 1; round <= 5; round++) {
      const failed = `token-${round}`;
      const renewed = await Promise.all(Array.from({ length: 50 }, (_, n) => processes[n % 4]!.renew(failed)));
      expect(new Set(renewed)).toEqual(new Set([`token-${round + 1}`]));
      expect(made.count).toBe(round + 1);
    }
  });

  it('reads again under the lock: another process may have stored a token since the first read', async () => {
    const shared = memoryTokenStore(systemClock);
    const made = endpoint();
    const quick = source({ fetchToken: made.fetch, store: shared });
    const lateLock = async (ttlMs: number) => {
      await quick.get();
      return shared.lock(ttlMs);
    };
    const late = source({ fetchToken: made.fetch, store: { ...shared, lock: lateLock } });
    expect(await late.get()).toBe('token-1');
    expect(made.count).toBe(1);
  });

  it('waits no longer than the lock of a holder that died', async () => {
    const clock = new ManualClock(0);
    const store = memoryTokenStore(clock);
    await store.lock(15_000);
    const made = endpoint();
    const waiting = source({ fetchToken: made.fetch, store, clock, pollMs: 1_000 }).get();
    let done = false;
    void waiting.then(() => {
      done = true;
    });
    while (!done) {
      clock.advance(1_000);
      await new Promise(setImmediate);
      expect(clock.now()).toBeLessThanOrEqual(60_000);
    }
    expect(await waiting).toBe('token-1');
    expect(clock.now()).toBeGreaterThanOrEqual(15_000);
  });

  it.each<[string, Partial<TokenStore>]>([
    ['from the start', { read: () => Promise.reject(new Error('away')) }],
    ['at the lock', { lock: () => Promise.reject(new Error('away')) }],
    ['at the write', { write: () => Promise.reject(new Error('away')) }],
    ['at the release', { lock: async () => () => Promise.reject(new Error('away')) }],
  ])('uses its own token while the store is unavailable (%s)', async (name, broken) => {
    const events: string[] = [];
    const made = endpoint();
    const store = { ...memoryTokenStore(systemClock), ...broken };
    const tokens = source({ fetchToken: made.fetch, store, onEvent: ({ kind }) => events.push(kind) });
    expect(await Promise.all([tokens.get(), tokens.get(), tokens.get()])).toEqual(Array(3).fill('token-1'));
    expect(await tokens.renew('token-1')).toBe('token-2');
    expect(made.count).toBe(2);
    if (name !== 'at the release') expect(events).toContain('store_away');
  });
});
