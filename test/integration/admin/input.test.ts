/** Invalid input is refused before any effect and any audit entry. */
import { systemClock } from '@cardseal/base/clock';
import { newId } from '@cardseal/core/job';
import { SYSTEM_TENANT } from '@cardseal/core/ledger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestAdmin, type TestAdmin } from '../../support/admin-app.ts';

let admin: TestAdmin;
const HOUR_MS = 3_600_000;
const at = (ms: number) => new Date(systemClock.now() + ms).toISOString();
const recorded = async () => (await admin.ledger.operators.audit.page(null, 100)).entries.map(({ action }) => action);

beforeAll(async () => {
  admin = await startTestAdmin();
});
afterAll(() => admin?.stop());

it('an address that leads nowhere is a page for a browser, JSON for a program, and the login for a stranger', async () => {
  const seen = (accept: string, cookie = admin.owner.cookie) =>
    fetch(`${admin.url}/nowhere`, { redirect: 'manual', headers: { accept, cookie } });
  const page = await seen('text/html');
  expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
  expect(await page.text()).toContain('The page or object does not exist.');
  const json = await seen('application/json');
  expect([json.status, await json.json()]).toMatchObject([404, { code: 'not_found' }]);
  expect((await seen('text/html', '')).headers.get('location')).toBe('/login');
});

describe('an API key', () => {
  const KEYS = '/api/tenants/bank/keys';
  const form = (fields: string) =>
    fetch(admin.url + KEYS, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie: admin.owner.cookie, 'content-type': 'application/x-www-form-urlencoded' },
      body: fields,
    });

  it('is not made without a scope: what a form leaves out is not made up for', async () => {
    for (const body of [{}, { scopes: [] }, { scopes: ['everything'] }])
      expect((await admin.owner.call('POST', KEYS, body)).body, JSON.stringify(body)).toMatchObject({
        code: 'invalid_request',
        at: expect.stringMatching(/^scopes/),
      });
    expect((await form('in_queue=5')).status).toBe(400);
    expect(await admin.ledger.tenants.apiKeys.list('bank')).toEqual([]);
    expect(await recorded()).not.toContain('key.create');
  });

  it('has the scopes that were ticked, and no other', async () => {
    expect((await form('scopes=jobs%3Aread')).status).toBe(200);
    expect((await form('scopes=jobs%3Aread&scopes=jobs%3Aerase')).status).toBe(200);
    const made = (await admin.ledger.tenants.apiKeys.list('bank')).map(({ value }) => value.scopes.join(' '));
    expect(made.sort()).toEqual(['jobs:read', 'jobs:read jobs:erase']);
  });

  it('has nothing ticked beforehand that shows results or erases', async () => {
    const { text } = await admin.owner.page('/tenants/bank');
    const ticked = [...text.matchAll(/name="scopes" value="([a-z:]+)" checked/g)].map(([, scope]) => scope);
    expect(ticked).toEqual(['jobs:write', 'jobs:read']);
    expect(text).toContain('value="jobs:erase"');
  });

  it('that is not there is neither revoked nor changed, and its name is on no record', async () => {
    const before = (await recorded()).length;
    for (const key of ['..%2F..%2Fx', 'abcdefabcdef', 'x']) {
      expect((await admin.owner.call('POST', `${KEYS}/${key}/revoke`, { reason: 'it was lost' })).status).toBe(404);
      expect((await admin.owner.call('POST', `${KEYS}/${key}/limits`, { in_queue: 5 })).status).toBe(404);
    }
    expect((await recorded()).length).toBe(before);
  });
});

describe('a tenant', () => {
  const record = async () => (await admin.ledger.tenants.records.get(SYSTEM_TENANT, 'bank'))!.value;

  it('has caps for all its keys together, replaced as a whole, shown and on record', async () => {
    const set = (body: object) => admin.owner.call('POST', '/api/tenants/bank/limits', body);
    expect((await set({ requests_per_second: 50, cards_per_day: 9000 })).status).toBe(200);
    expect((await record()).limits).toEqual({ requestsPerSecond: 50, cardsPerDay: 9000 });
    expect((await admin.owner.page('/tenants/bank')).text).toContain('50 requests/s, 9000 cards/day');
    expect((await admin.ledger.operators.audit.page(null, 1)).entries[0]).toMatchObject({
      action: 'tenant.change',
      detail: { requestsPerSecond: 50, cardsPerDay: 9000 },
    });
    expect((await set({ cards_per_day: 0 })).status).toBe(400);
    expect((await set({})).status).toBe(200);
    expect((await record()).limits).toEqual({});
  });

  it('has a retention time and a maximum, within the bounds of a request', async () => {
    const set = (body: object) => admin.owner.call('POST', '/api/tenants/bank/retention', body);
    expect((await set({ retain_for: 59 })).body).toMatchObject({ code: 'invalid_request', at: 'retain_for' });
    expect((await set({ retain_for: 86_400, max_retain_for: 172_800 })).status).toBe(200);
    expect((await record()).retention).toEqual({ defaultS: 86_400, maximumS: 172_800 });
    expect((await admin.owner.page('/tenants/bank')).text).toContain('24 h, at most 2 d');
    const [bank] = (await admin.owner.call('GET', '/api/tenants')).body.data;
    expect(bank).toMatchObject({ id: 'bank', retention: { default_s: 86_400, maximum_s: 172_800 } });
  });
});

describe('a time', () => {
  it('until which a gate is closed lies in the future', async () => {
    for (const until of [at(-HOUR_MS), at(-1)]) {
      const body = { reason: 'the bill is too high', until };
      expect((await admin.owner.call('POST', '/api/gates/main/close', body)).body).toMatchObject({ at: 'until' });
    }
    expect(await recorded()).not.toContain('gate.close');
  });

  it('until which an endpoint gets what it missed is later than that from which', async () => {
    const id = newId('we', systemClock.now());
    await admin.ledger.tenants.endpoints.create('bank', id, {
      ...{ url: 'https://receiver.example/', events: null, payload: 'reference', publicKey: null, headers: {} },
      ...{ state: 'enabled', secrets: [], createdAtMs: 0 },
    });
    const asked = [
      { wrong: 'until', since: at(-HOUR_MS), until: at(-2 * HOUR_MS) },
      { wrong: 'since', since: at(HOUR_MS) },
      { wrong: 'since', since: at(HOUR_MS), dry_run: true },
      { wrong: 'until', since: at(-HOUR_MS), until: at(-HOUR_MS - 1) },
    ];
    for (const { wrong, ...times } of asked) {
      const body = { reason: 'the receiver lost them', ...times };
      const answer = await admin.owner.call('POST', `/api/endpoints/bank/${id}/recover`, body);
      expect([answer.status, answer.body.at], JSON.stringify(times)).toEqual([400, wrong]);
    }
    expect(await recorded()).not.toContain('endpoint.recover');
  });
});
