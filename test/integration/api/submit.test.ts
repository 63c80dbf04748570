import { SYSTEM_TENANT } from '@cardseal/core/ledger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, startTestApi, type TestApi } from '../../support/api.ts';
import { plainJpeg } from '../../support/images.ts';

describe('a submit, with Redis away', () => {
  let api: TestApi;
  let key: string;
  let image: string;
  beforeAll(async () => {
    api = await startTestApi();
    key = await api.key('bank');
    image = (await plainJpeg()).toString('base64');
  });
  afterAll(() => api.stop());

  const submit = (body: object, headers: Record<string, string> = {}) =>
    api.call('POST', '/v1/jobs', { key, ...json(body), headers: { 'content-type': 'application/json', ...headers } });

  it('is 202 with the job and its place, and the ledger has all that it needs', async () => {
    const answer = await submit({ front: { image }, back: { image }, reference: 'case 7', metadata: { branch: '12' } });
    expect(answer.status).toBe(202);
    const { id } = answer.body;
    expect(answer.headers.get('location')).toBe(`/v1/jobs/${id}`);
    expect(answer.body).toMatchObject({
      generation: 1,
      state: 'queued',
      waiting_for: 'worker',
      reference: 'case 7',
      metadata: { branch: '12' },
      sides: { front: { state: 'queued' }, back: { state: 'queued' } },
    });
    const names = [...api.store.objects.keys()].filter((name) => name.includes(id)).sort();
    expect(names).toEqual([
      `jobs/bank/${id}/back.image`,
      `jobs/bank/${id}/front.image`,
      `jobs/bank/${id}/request`,
      `keys/bank/${id}`,
      expect.stringMatching(`^pending/bank/${id}\\.1\\.[0-9a-f]{32}$`),
    ]);
    expect((await api.call('GET', `/v1/jobs/${id}`, { key })).body).toMatchObject({ id, state: 'queued' });
  });

  it('is found by its owner only', async () => {
    const { id } = (await submit({ front: { image } })).body;
    const foreign = await api.key('other');
    expect((await api.call('GET', `/v1/jobs/${id}`, { key: foreign })).status).toBe(404);
    expect((await api.call('POST', `/v1/jobs/${id}/retry`, { key: foreign })).status).toBe(404);
  });

  it('sent 50 times at once with one Idempotency-Key is one job', async () => {
    const headers = { 'idempotency-key': 'one-and-the-same' };
    const answers = await Promise.all(Array.from({ length: 50 }, () => submit({ front: { image } }, headers)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    const ids = new Set(answers.map(({ body }) => body.id));
    expect(ids.size).toBe(1);
    const [id] = ids;
    expect([...api.store.objects.keys()].filter((name) => name === `jobs/bank/${id}/request`)).toHaveLength(1);
    const later = await submit({ front: { image } }, headers);
    expect(later.body.id).toBe(id);
  });

  it('with a used Idempotency-Key and another request is 422, and nothing is stored', async () => {
    const headers = { 'idempotency-key': 'used' };
    await submit({ front: { image }, reference: 'a' }, headers);
    const before = api.store.objects.size;
    const answer = await submit({ front: { image }, reference: 'b' }, headers);
    expect(answer.body).toMatchObject({ status: 422, code: 'idempotency_mismatch' });
    expect(api.store.objects.size).toBe(before);
  });

  it('with the same Idempotency-Key of another tenant is another job', async () => {
    const headers = { 'idempotency-key': 'shared by chance', 'content-type': 'application/json' };
    const ours = await submit({ front: { image } }, { 'idempotency-key': 'chance' });
    const theirs = await api.call('POST', '/v1/jobs', {
      key: await api.key('other'),
      body: JSON.stringify({ front: { image } }),
      headers: { ...headers, 'idempotency-key': 'chance' },
    });
    expect(theirs.status).toBe(202);
    expect(theirs.body.id).not.toBe(ours.body.id);
  });

  it('stores no byte of image, reference or metadata in clear', async () => {
    const canary = 'canary-reference-8271';
    const { id } = (await submit({ front: { image }, reference: canary, metadata: { canary } })).body;
    const picture = Buffer.from(image, 'base64');
    for (const [name, body] of api.store.objects) {
      if (!name.includes(id)) continue;
      expect(name).not.toContain('canary');
      expect(body.includes(canary)).toBe(false);
      expect(body.includes(picture.subarray(100, 160))).toBe(false);
    }
  });

  it('gets a response within Prefer: wait although no worker runs', async () => {
    const startedMs = performance.now();
    const answer = await submit({ front: { image } }, { prefer: 'wait=1' });
    expect(answer.status).toBe(202);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(900);
  });
});

describe('webhook endpoints', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
  });
  afterAll(() => api.stop());

  it('shows the secret once, and never again', async () => {
    const key = await api.key('bank');
    const made = await api.call('POST', '/v1/webhook-endpoints', { key, ...json({ url: 'http://127.0.0.1:1/x' }) });
    expect(made.status).toBe(201);
    expect(made.body.secret).toMatch(/^whsec_/);
    const read = await api.call('GET', `/v1/webhook-endpoints/${made.body.id}`, { key });
    expect(read.body).toMatchObject({
      id: made.body.id,
      url: 'http://127.0.0.1:1/x',
      payload: 'full',
      state: 'enabled',
    });
    expect(JSON.stringify(read.body)).not.toContain('whsec_');
    const foreign = await api.key('other');
    expect((await api.call('GET', `/v1/webhook-endpoints/${made.body.id}`, { key: foreign })).status).toBe(404);
    expect((await api.call('DELETE', `/v1/webhook-endpoints/${made.body.id}`, { key })).status).toBe(204);
    expect((await api.call('GET', '/v1/webhook-endpoints', { key })).body.data).toEqual([]);
  });

  it('cannot be made to receive results by a key that may not read them', async () => {
    const key = await api.key('bank', ['endpoints:write']);
    const full = await api.call('POST', '/v1/webhook-endpoints', { key, ...json({ url: 'http://127.0.0.1:1/' }) });
    expect(full.body).toMatchObject({ status: 403, code: 'forbidden' });
    const reference = await api.call('POST', '/v1/webhook-endpoints', {
      key,
      ...json({ url: 'http://127.0.0.1:1/', payload: 'reference' }),
    });
    expect(reference.status).toBe(201);
  });

  it.each([
    ['https://foo..bar.example.com/', 'target_host', /host name/],
    ['https://-foo.example.com/', 'target_host', /host name/],
    ['ftp://hooks.example.com/', 'target_scheme', /https/],
    ['https://me@hooks.example.com/', 'target_userinfo', /user name/],
  ])('says which part of the target %s is wrong', async (url, code, detail) => {
    const key = await api.key('bank');
    const answer = await api.call('POST', '/v1/webhook-endpoints', { key, ...json({ url }) });
    expect(answer.body).toMatchObject({
      status: 422,
      code: 'webhook_target_refused',
      errors: [{ pointer: '/url', code }],
    });
    expect(answer.body.detail).toMatch(detail);
  });

  it('takes a private target that the installation and the tenant list, and no other', async () => {
    // A change sends no test event, so that nothing is dialled. The test API lists 127.0.0.0/8 and 10.1.0.0/16.
    const key = await api.key('other');
    const body = { url: 'http://127.0.0.1:1/', payload: 'reference' };
    const made = await api.call('POST', '/v1/webhook-endpoints', { key, ...json(body) });
    const change = async (url: string) =>
      (await api.call('PATCH', `/v1/webhook-endpoints/${made.body.id}`, { key, ...json({ url }) })).status;
    expect(await change('https://10.1.2.3:8443/')).toBe(422);
    await api.ledger.tenants.records.change(SYSTEM_TENANT, 'other', (value) => ({
      ...value,
      webhookTargets: ['10.0.0.0/8'],
    }));
    expect(await change('https://10.2.0.1/')).toBe(422);
    expect(await change('https://10.1.2.3:8443/')).toBe(200);
  });

  it.each([
    'http://10.0.0.1/',
    'https://10.0.0.1/',
    'ftp://example.com/',
    'https://user:pass@example.com/',
    'nonsense',
  ])('refuses the target %s', async (url) => {
    const key = await api.key('bank');
    const answer = await api.call('POST', '/v1/webhook-endpoints', { key, ...json({ url }) });
    expect(answer.body).toMatchObject({ status: 422, code: 'webhook_target_refused' });
    expect(answer.body.detail).not.toContain('10.0.0.1');
  });
});
