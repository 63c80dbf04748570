/** How sessions end, in more than one process; and whose address a guess at a password is held against. */
import { ConfigurationError } from '@cardseal/core/config';
import type { Ledger } from '@cardseal/core/ledger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../../apps/admin/src/config.ts';
import { memoryLedger, startTestAdmin, type TestAdmin } from '../../support/admin-app.ts';

describe('a logout', () => {
  let ledger: Ledger;
  let first: TestAdmin;
  let second: TestAdmin;
  beforeAll(async () => {
    ledger = memoryLedger();
    first = await startTestAdmin({ ledger });
    second = await startTestAdmin({ ledger });
  });
  afterAll(() => Promise.all([first?.stop(), second?.stop()]));

  const statusAt = async ({ url }: TestAdmin, cookie: string) =>
    (await fetch(`${url}/api/tenants`, { headers: { cookie } })).status;

  it('ends the session in every process, and no other session', async () => {
    const [mine, other] = [await first.login(), await first.login()];
    for (const one of [first, second]) expect(await statusAt(one, mine.cookie)).toBe(200);
    expect((await mine.call('POST', '/logout')).status).toBe(303);
    expect(await statusAt(first, mine.cookie)).toBe(401);
    await expect.poll(() => statusAt(second, mine.cookie), { timeout: 11_000 }).toBe(401);
    for (const one of [first, second]) expect(await statusAt(one, other.cookie)).toBe(200);
  });

  it('is not undone by a restart', async () => {
    const mine = [await first.login(), await first.login()];
    for (const { call } of mine) await call('POST', '/logout');
    const restarted = await startTestAdmin({ ledger });
    for (const { cookie } of mine) expect(await statusAt(restarted, cookie)).toBe(401);
    await restarted.stop();
  });

  it('holds in the process of the logout, also when the ledger is unavailable', async () => {
    const mine = await first.login();
    const kept = ledger.operators.endedSessions.get;
    ledger.operators.endedSessions.get = () => Promise.reject(new Error('the store is away'));
    expect((await mine.call('POST', '/logout')).status).toBe(303);
    expect(await statusAt(first, mine.cookie)).toBe(401);
    ledger.operators.endedSessions.get = kept;
  });
});

describe('a guess at a password', () => {
  async function guesses(admin: TestAdmin, from: (at: number) => string): Promise<number[]> {
    const answers = [];
    for (let at = 0; at < 6; at++) {
      const body = JSON.stringify({ user: `nobody-${at}`, password: 'wrong wrong wrong' });
      const headers = { 'content-type': 'application/json', 'x-forwarded-for': from(at) };
      answers.push((await fetch(`${admin.url}/login`, { method: 'POST', headers, body })).status);
    }
    return answers;
  }
  const [free, held] = [
    [401, 401, 401, 401, 401, 401],
    [401, 401, 401, 401, 401, 429],
  ];

  it('uses the client address that a trusted proxy reports', async () => {
    const admin = await startTestAdmin({ env: { ADMIN_TRUSTED_PROXIES: '10.1.0.0/16,127.0.0.1' } });
    expect(await guesses(admin, (at) => `203.0.113.${at}`)).toEqual(free);
    // What the client itself has put before it says nothing.
    expect(await guesses(admin, (at) => `198.51.100.${at}, 203.0.113.77`)).toEqual(held);
    await admin.stop();
  });

  it('is held against the connection where no proxy is trusted', async () => {
    const admin = await startTestAdmin();
    expect(await guesses(admin, (at) => `203.0.113.${at}`)).toEqual(held);
    await admin.stop();
  });

  it.each(['all', '10.0.0.0/33', '0.0.0.0/0', '10.0.0.1,,10.0.0.2', '::1/129', '10.0.0.0/8/8'])(
    'trusts no proxies called %s',
    (ADMIN_TRUSTED_PROXIES) => {
      const needed = { REDIS_URL: 'redis://x', S3_REGION: 'x', S3_BUCKET: 'bucket' };
      expect(() => readConfig({ ...needed, ADMIN_TRUSTED_PROXIES })).toThrow(ConfigurationError);
    },
  );
});
