/** What the admin app shows of endpoints that fail, whether their tenant can know, and a recovery that counts first. */
import { systemClock } from '@cardseal/base/clock';
import { newId } from '@cardseal/core/job';
import type { EndpointRecord } from '@cardseal/core/ledger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestAdmin, type TestAdmin } from '../../support/admin-app.ts';

const HOUR_MS = 3_600_000;
let admin: TestAdmin;
beforeAll(async () => {
  admin = await startTestAdmin();
});
afterAll(() => admin?.stop());

async function endpoint(terms: Partial<EndpointRecord> = {}): Promise<string> {
  const id = newId('we', systemClock.now());
  await admin.ledger.tenants.endpoints.create('bank', id, {
    ...{ url: 'https://receiver.example/', events: null, payload: 'reference', publicKey: null, headers: {} },
    ...{ state: 'enabled', secrets: [], createdAtMs: 0 },
    ...terms,
  });
  return id;
}
const change = (id: string, terms: Partial<EndpointRecord>) =>
  admin.ledger.tenants.endpoints.change('bank', id, (value) => ({ ...value, ...terms }));
const page = async () =>
  (await fetch(`${admin.url}/endpoints`, { headers: { cookie: admin.owner.cookie, accept: 'text/html' } })).text();

describe('an endpoint that fails', () => {
  const failing = {
    health: {
      state: 'failing' as const,
      sinceMs: systemClock.now() - HOUR_MS,
      change: 1,
      cause: { class: 'server_error', status: 500 },
    },
  };

  it('is shown with its reason, and is unheard while no other endpoint takes the notice', async () => {
    const sick = await endpoint(failing);
    const seen = async () => {
      const { body } = await admin.owner.call('GET', '/api/endpoints');
      return body.data.find((one: { id: string }) => one.id === sick);
    };
    expect(await seen()).toMatchObject({
      health: 'failing',
      cause: { class: 'server_error', status: 500 },
      unheard: true,
    });
    expect(await page()).toMatch(/tell the tenant/);
    expect(await page()).toContain('server_error 500');
    const other = await endpoint({ events: ['job.succeeded'] });
    expect(await seen()).toMatchObject({ unheard: true });
    await change(other, { events: ['endpoint.failing'] });
    expect(await seen()).toMatchObject({ unheard: false });
    await change(other, failing);
    expect(await seen()).toMatchObject({ unheard: true });
    await change(other, { state: 'deleted' });
    await change(sick, { state: 'disabled', disabledBy: 'failing' });
    expect(await seen()).toMatchObject({ health: 'disabled', unheard: true });
    await change(sick, { disabledBy: 'owner' });
    expect(await seen()).toMatchObject({ unheard: false });
  });
});

describe('a recovery', () => {
  const since = new Date(systemClock.now() - HOUR_MS).toISOString();
  const recorded = async () => (await admin.ledger.operators.audit.page(null, 100)).entries.map(({ action }) => action);

  it('counts in a dry run and does nothing; to start it takes a reason', async () => {
    const id = await endpoint();
    const route = `/api/endpoints/bank/${id}/recover`;
    const dry = await admin.owner.call('POST', route, { since, dry_run: true });
    expect(dry.body).toMatchObject({ recovery: null, counts: { outcomes: 0, complete: true } });
    expect((await admin.owner.call('POST', route, { since })).body).toMatchObject({ at: 'reason' });
    expect(await recorded()).not.toContain('endpoint.recover');
    const real = await admin.owner.call('POST', route, { since, reason: 'the receiver lost them' });
    expect(real.body).toMatchObject({ recovery: expect.stringMatching(/^rec_/), counts: { outcomes: 0 } });
    expect(await recorded()).toContain('endpoint.recover');
  });

  it('shows the count and the form that starts it to a browser', async () => {
    const id = await endpoint();
    const answer = await fetch(`${admin.url}/api/endpoints/bank/${id}/recover`, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie: admin.owner.cookie, origin: admin.url, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ since: since.slice(0, 16), dry_run: 'true' }),
    });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toMatch(/0 outcomes[\s\S]*Send missed outcomes/);
  });
});
