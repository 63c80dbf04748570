import { SCOPES, type Scope } from '@cardseal/core/ledger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, startTestApi, type TestApi } from '../../support/api.ts';
import { plainJpeg } from '../../support/images.ts';
import { type DescribedOperation, describedOperations } from '../../support/openapi.ts';
import { endJob } from '../../support/outcomes.ts';

/** Every route × every scope × own and foreign tenant, generated from the OpenAPI document. */
describe('authorisation', () => {
  let api: TestApi;
  let operations: DescribedOperation[];
  const keys = new Map<string, string>();
  const ids: Record<string, string> = {};
  beforeAll(async () => {
    api = await startTestApi();
    operations = (await describedOperations(api.url)).operations;
    for (const scope of SCOPES) {
      keys.set(`only ${scope}`, await api.key('bank', [scope]));
      keys.set(
        `all but ${scope}`,
        await api.key(
          'bank',
          SCOPES.filter((other) => other !== scope),
        ),
      );
    }
    keys.set('all', await api.key('bank'));
    keys.set('foreign', await api.key('other'));
    const image = (await plainJpeg()).toString('base64');
    const key = keys.get('all')!;
    const job = (await api.call('POST', '/v1/jobs', { key, ...json({ front: { image } }) })).body;
    await endJob(api.ledger, 'bank', job, { state: 'succeeded' });
    ids.jobs = job.id;
    const endpoint = { url: 'http://127.0.0.1:9/', payload: 'reference' };
    ids['webhook-endpoints'] = (await api.call('POST', '/v1/webhook-endpoints', { key, ...json(endpoint) })).body.id;
    const lines = JSON.stringify({ front: { image } });
    const headers = { 'content-type': 'application/x-ndjson' };
    ids.batches = (await api.call('POST', '/v1/batches', { key, body: lines, headers })).body.id;
    ids.deliveries = 'dlv_none';
  });
  afterAll(() => api.stop());

  /** Sends no body. An authorised caller gets a validation problem; an unauthorised caller does not. */
  async function ask({ method, path }: DescribedOperation, key?: string): Promise<number> {
    const kind = path.split('/')[2]!;
    const filled = path
      .replace('{id}', ids[kind] ?? 'none')
      .replace('{side}', 'front')
      .replace('{name}', 'none');
    const headers: Record<string, string> = key ? { authorization: `Bearer ${key}` } : {};
    const response = await fetch(api.url + filled, { method, headers });
    await response.arrayBuffer();
    return response.status;
  }
  const guarded = () => operations.filter(({ scope }) => scope !== null);
  const table = async (key: (operation: DescribedOperation) => string | undefined, which = guarded()) =>
    Object.fromEntries(await Promise.all(which.map(async (one) => [one.id, await ask(one, key(one))] as const)));

  it('covers the whole API', () => {
    expect(guarded().length).toBeGreaterThanOrEqual(25);
    expect(new Set(guarded().map(({ scope }) => scope))).toEqual(new Set(SCOPES));
  });

  it('rejects requests without a key', async () => {
    expect(new Set(Object.values(await table(() => undefined)))).toEqual(new Set([401]));
  });

  it('rejects a key without the needed scope, whatever other scopes it has', async () => {
    const statuses = await table(({ scope }) => keys.get(`all but ${scope}`));
    expect(new Set(Object.values(statuses))).toEqual(new Set([403]));
  });

  it.each([...SCOPES])('a key with %s alone opens exactly the routes of that scope', async (scope: Scope) => {
    // Skip erasure and deletion: the objects that later requests need must remain.
    const which = guarded().filter(({ method, scope: needed }) => method !== 'DELETE' || needed !== scope);
    const statuses = await table(() => keys.get(`only ${scope}`), which);
    const opened = Object.entries(statuses).filter(([, status]) => status !== 403 && status !== 401);
    const expected = which.filter(({ scope: needed }) => needed === scope).map(({ id }) => id);
    expect(opened.map(([id]) => id).sort()).toEqual(expected.sort());
  });

  it('finds nothing of another tenant, even with all scopes', async () => {
    const ofOne = guarded().filter(({ path }) => path.includes('{id}'));
    const statuses = await table(() => keys.get('foreign'), ofOne);
    expect(Object.fromEntries(Object.entries(statuses).filter(([, status]) => status !== 404))).toEqual({});
    // The owner finds the same ids.
    expect(await ask(operations.find(({ id }) => id === 'getJob')!, keys.get('all'))).toBe(200);
    expect(await ask(operations.find(({ id }) => id === 'getBatch')!, keys.get('all'))).toBe(200);
    expect(await ask(operations.find(({ id }) => id === 'getWebhookEndpoint')!, keys.get('all'))).toBe(200);
  });

  it('returns empty lists for another tenant', async () => {
    for (const path of ['/v1/jobs', '/v1/webhook-endpoints']) {
      expect((await api.call('GET', path, { key: keys.get('foreign')! })).body.data).toEqual([]);
    }
  });
});
