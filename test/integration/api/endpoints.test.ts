/** What the API shows of endpoints that fail, and what it accepts of a recovery. Redis is away. */
import { systemClock } from '@cardseal/base/clock';
import type { EndpointRecord } from '@cardseal/core/ledger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, startTestApi, type TestApi } from '../../support/api.ts';
import { plainJpeg } from '../../support/images.ts';
import { endJob } from '../../support/outcomes.ts';

const HOUR_MS = 3_600_000;
const at = (ms: number) => new Date(systemClock.now() + ms).toISOString();

let api: TestApi;
let key: string;
beforeAll(async () => {
  api = await startTestApi();
  key = await api.key('bank');
});
afterAll(() => api.stop());

const post = (path: string, body: object = {}) => api.call('POST', path, { key, ...json(body) });
async function register(): Promise<string> {
  const { status, body } = await post('/v1/webhook-endpoints', { url: 'http://127.0.0.1:9/', payload: 'reference' });
  expect(status).toBe(201);
  return body.id;
}
const change = (id: string, terms: Partial<EndpointRecord>) =>
  api.ledger.tenants.endpoints.change('bank', id, (value) => ({ ...value, ...terms }));
async function listed(id: string) {
  const { body } = await api.call('GET', '/v1/webhook-endpoints', { key });
  return body.data.find((one: { id: string }) => one.id === id);
}

describe('the only endpoint of a tenant', () => {
  it('shows since when and why it fails', async () => {
    const id = await register();
    expect(await listed(id)).toMatchObject({ health: 'healthy', health_since: null, health_reason: null });
    const sinceMs = systemClock.now() - HOUR_MS;
    const cause = { class: 'tls', status: null };
    await change(id, { health: { state: 'failing', sinceMs, change: 1, cause } });
    const since = new Date(sinceMs).toISOString();
    expect(await listed(id)).toMatchObject({ health: 'failing', health_since: since, health_reason: cause });
  });

  it('shows since when and why Cardseal disabled it, and nothing of that once it is enabled again', async () => {
    const id = await register();
    const sinceMs = systemClock.now() - HOUR_MS;
    const cause = { class: 'gone', status: 410 };
    await change(id, {
      state: 'disabled',
      disabledBy: 'gone',
      health: { state: 'failing', sinceMs, change: 1, cause },
    });
    const health_since = new Date(sinceMs).toISOString();
    expect(await listed(id)).toMatchObject({
      health: 'disabled',
      disabled_by: 'gone',
      health_since,
      health_reason: cause,
    });
    await post(`/v1/webhook-endpoints/${id}/enable`);
    expect(await listed(id)).toMatchObject({ health: 'healthy', health_reason: null });
  });

  it('shows when its owner disabled it', async () => {
    const id = await register();
    const before = systemClock.now();
    const body = JSON.stringify({ state: 'disabled' });
    await api.call('PATCH', `/v1/webhook-endpoints/${id}`, {
      key,
      body,
      headers: { 'content-type': 'application/json' },
    });
    const shown = await listed(id);
    expect(shown).toMatchObject({ health: 'disabled', disabled_by: 'owner', health_reason: null });
    expect(Date.parse(shown.health_since)).toBeGreaterThanOrEqual(before);
  });
});

describe('a recovery', () => {
  const recoveries = async (endpoint: string) => {
    const found = [];
    for await (const ref of api.ledger.deliveries.recoveries.open()) if (ref.endpoint === endpoint) found.push(ref);
    return found;
  };

  it.each([{}, { dry_run: true }])('refuses a time in the future: %o', async (more) => {
    const id = await register();
    const { status, body } = await post(`/v1/webhook-endpoints/${id}/recover`, { since: at(HOUR_MS), ...more });
    expect([status, body.errors[0].pointer]).toEqual([422, '/since']);
    expect(await recoveries(id)).toEqual([]);
  });

  it('counts what it would look at and sends nothing in a dry run, and counts the same when it starts', async () => {
    const image = (await plainJpeg()).toString('base64');
    const { body: job } = await post('/v1/jobs', { front: { image } });
    await endJob(api.ledger, 'bank', job, { state: 'succeeded' });
    const id = await register();
    const route = `/v1/webhook-endpoints/${id}/recover`;
    const since = at(-HOUR_MS);
    const dry = await post(route, { since, until: at(HOUR_MS), dry_run: true });
    expect(dry).toMatchObject({
      status: 200,
      body: { id: null, endpoint_id: id, state: 'dry_run', since, counts: { outcomes: 1, complete: true } },
    });
    // Nothing that is reached after this moment can be sent now.
    expect(Date.parse(dry.body.until)).toBeLessThanOrEqual(systemClock.now());
    expect(await recoveries(id)).toEqual([]);
    const real = await post(route, { since });
    expect(real).toMatchObject({ status: 202, body: { state: 'running', counts: dry.body.counts } });
    expect(await recoveries(id)).toMatchObject([{ endpoint: id, id: real.body.id }]);
  });
});

describe('an endpoint with `expires_in`', () => {
  const HOUR_S = 3600;
  const patch = (id: string, body: object) => api.call('PATCH', `/v1/webhook-endpoints/${id}`, { key, ...json(body) });
  const create = (terms: object) =>
    post('/v1/webhook-endpoints', { url: 'http://127.0.0.1:9/', payload: 'reference', ...terms });

  it('shows when it expires, can be prolonged, and can live on without an end', async () => {
    const before = systemClock.now();
    const { body } = await create({ expires_in: HOUR_S });
    expect(Date.parse(body.expires_at) - before).toBeGreaterThanOrEqual(HOUR_MS);
    const later = await patch(body.id, { expires_in: 2 * HOUR_S });
    expect(Date.parse(later.body.expires_at)).toBeGreaterThan(Date.parse(body.expires_at));
    expect((await patch(body.id, { max_rate: 5 })).body.expires_at).toBe(later.body.expires_at);
    expect((await patch(body.id, { expires_in: null })).body.expires_at).toBeNull();
    expect((await create({})).body.expires_at).toBeNull();
  });

  it.each([0, -1, 1.5, 1e12, '60'])('refuses %o', async (expires_in) => {
    const { status, body } = await create({ expires_in });
    expect([status, body.errors?.[0].pointer]).toEqual([422, '/expires_in']);
  });

  it('is deleted once it has expired: not listed, not found, not taken for a job', async () => {
    const { body } = await create({ expires_in: HOUR_S });
    await change(body.id, { expiresAtMs: systemClock.now() - 1 });
    expect(await listed(body.id)).toBeUndefined();
    const route = `/v1/webhook-endpoints/${body.id}`;
    expect((await api.call('GET', route, { key })).status).toBe(404);
    expect((await patch(body.id, { expires_in: HOUR_S })).status).toBe(404);
    expect((await post(`${route}/test`)).status).toBe(404);
    const image = (await plainJpeg()).toString('base64');
    const job = await post('/v1/jobs', { front: { image }, endpoint_ids: [body.id] });
    expect([job.status, job.body.errors?.[0].pointer]).toEqual([422, expect.stringMatching(/^\/endpoint_ids/)]);
  });
});
