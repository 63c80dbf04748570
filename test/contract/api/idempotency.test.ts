/**
 * The Idempotency-Key on every unsafe route while Redis is away: the API performs a request once and repeats the
 * response.
 */
import { TransientError } from '@cardseal/base/errors';
import type { JobView } from '@cardseal/core/job';
import { createLedger, type Ledger } from '@cardseal/core/ledger';
import type { ObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, json, startTestApi, type TestApi } from '../../support/api.ts';
import { plainJpeg } from '../../support/images.ts';
import { describedOperations } from '../../support/openapi.ts';
import { endJob } from '../../support/outcomes.ts';

const HOOK = { url: 'http://127.0.0.1:9/', payload: 'reference' };
const FAILURE = { code: 'upstream_timeout', message: 'No.', side: null, retryable: true };

describe('an Idempotency-Key', () => {
  let api: TestApi;
  let second: TestApi;
  let key: string;
  let image: string;
  let fresh = 0;
  beforeAll(async () => {
    api = await startTestApi();
    // A second API process over the same ledger.
    second = await startTestApi({ ledger: api.ledger, store: api.store });
    key = await api.key('bank');
    image = (await plainJpeg()).toString('base64');
  });
  afterAll(() => Promise.all([api.stop(), second.stop()]));

  const send = (method: string, path: string, idempotencyKey: string, body?: unknown, over: TestApi = api) =>
    over.call(method, path, {
      key,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: {
        'idempotency-key': idempotencyKey,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
    });
  const newKey = () => `key-${fresh++}`;
  const newHook = async () => (await api.call('POST', '/v1/webhook-endpoints', { key, ...json(HOOK) })).body.id;
  const newJob = async () => (await api.call('POST', '/v1/jobs', { key, ...json({ front: { image } }) })).body;
  const failedJob = async () => {
    const job = await newJob();
    await endJob(api.ledger, 'bank', job, { state: 'failed', failure: FAILURE });
    return job;
  };

  interface Route {
    id: string;
    method: string;
    path: () => Promise<string>;
    body?: unknown;
    other?: unknown;
  }
  const hookRoute =
    (rest = '') =>
    async () =>
      `/v1/webhook-endpoints/${await newHook()}${rest}`;
  const since = '2026-01-01T00:00:00Z';
  const routes: Route[] = [
    {
      id: 'createUpload',
      method: 'POST',
      path: async () => '/v1/uploads',
      body: { content_type: 'image/png', size: 9 },
    },
    { id: 'createWebhookEndpoint', method: 'POST', path: async () => '/v1/webhook-endpoints', body: HOOK },
    { id: 'changeWebhookEndpoint', method: 'PATCH', path: hookRoute(), body: { max_rate: 5 }, other: { max_rate: 6 } },
    { id: 'deleteWebhookEndpoint', method: 'DELETE', path: hookRoute() },
    { id: 'rotateWebhookSecret', method: 'POST', path: hookRoute('/rotate-secret'), body: { overlap: 60 } },
    { id: 'testWebhookEndpoint', method: 'POST', path: hookRoute('/test') },
    { id: 'recoverWebhookEndpoint', method: 'POST', path: hookRoute('/recover'), body: { since } },
    { id: 'enableWebhookEndpoint', method: 'POST', path: hookRoute('/enable') },
    { id: 'retryJob', method: 'POST', path: async () => `/v1/jobs/${(await failedJob()).id}/retry` },
    { id: 'cancelJob', method: 'POST', path: async () => `/v1/jobs/${(await newJob()).id}/cancel` },
    { id: 'eraseJob', method: 'DELETE', path: async () => `/v1/jobs/${(await newJob()).id}` },
    {
      id: 'cancelBatch',
      method: 'POST',
      path: async () => {
        const headers = { 'content-type': 'application/x-ndjson' };
        const body = JSON.stringify({ front: { image } });
        return `/v1/batches/${(await api.call('POST', '/v1/batches', { key, body, headers })).body.id}/cancel`;
      },
    },
  ];
  /** Tested elsewhere: their keys identify the job and the batch, and a resend needs a delivery. */
  const ELSEWHERE = ['submitJob', 'submitBatch', 'createBatch', 'resendDelivery'];

  it('is described for every route that changes something', async () => {
    const { operations } = await describedOperations(api.url);
    const unsafe = operations.filter(({ method, scope }) => scope !== null && method !== 'GET');
    expect(unsafe.filter(({ parameters }) => !parameters.some(({ name }) => name === 'idempotency-key'))).toEqual([]);
    const covered = new Set([...routes.map(({ id }) => id), ...ELSEWHERE]);
    expect(unsafe.map(({ id }) => id).filter((id) => !covered.has(id))).toEqual([]);
  });

  it.each(routes.map((route) => [route.id, route] as const))(
    '%s: the same request gets the same response from every process',
    async (_id, { method, path, body, other }) => {
      const [at, idempotencyKey] = [await path(), newKey()];
      const first = await send(method, at, idempotencyKey, body);
      expect(first.status).toBeLessThan(300);
      expect(first.headers.get('idempotency-replayed')).toBeNull();
      for (const process of [api, second]) {
        const again = await send(method, at, idempotencyKey, body, process);
        expect([again.status, again.body]).toEqual([first.status, first.body]);
        expect(again.headers.get('idempotency-replayed')).toBe('true');
        expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
        expect(again.headers.get('location')).toBe(first.headers.get('location'));
      }
      const different = await send(method, at, idempotencyKey, other ?? { ...(body as object), x: 1 });
      expect([different.status, different.body.code]).toEqual([422, 'idempotency_mismatch']);
    },
  );

  it('performs one of many simultaneous requests', async () => {
    const before = (await api.call('GET', '/v1/webhook-endpoints', { key })).body.data.length;
    const idempotencyKey = newKey();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        send('POST', '/v1/webhook-endpoints', idempotencyKey, HOOK, at % 2 ? api : second),
      ),
    );
    const done = answers.filter(({ status }) => status === 201);
    expect(new Set(done.map(({ body }) => body.secret)).size).toBe(1);
    const busy = answers.filter(({ status }) => status !== 201);
    for (const { body, headers } of busy) {
      expect(body.code).toBe('idempotency_in_progress');
      expect(headers.get('retry-after')).toBe('1');
    }
    expect((await api.call('GET', '/v1/webhook-endpoints', { key })).body.data).toHaveLength(before + 1);
  });

  it('is scoped to a tenant and a route', async () => {
    const idempotencyKey = newKey();
    expect((await send('POST', '/v1/webhook-endpoints', idempotencyKey, HOOK)).status).toBe(201);
    const upload = { content_type: 'image/png', size: 9 };
    expect((await send('POST', '/v1/uploads', idempotencyKey, upload)).status).toBe(201);
    const headers = { 'idempotency-key': idempotencyKey, 'content-type': 'application/json' };
    const foreign = { key: await api.key('other'), body: JSON.stringify(HOOK), headers };
    const answer = await api.call('POST', '/v1/webhook-endpoints', foreign);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('idempotency-replayed')).toBeNull();
  });

  it('stores no refusal: the API checks a refused request again', async () => {
    const job = await newJob();
    const idempotencyKey = newKey();
    const path = `/v1/jobs/${job.id}/retry`;
    expect((await send('POST', path, idempotencyKey)).body.code).toBe('job_not_retryable');
    await endJob(api.ledger, 'bank', job, { state: 'failed', failure: FAILURE });
    expect((await send('POST', path, idempotencyKey)).status).toBe(202);
    expect((await send('POST', path, idempotencyKey)).headers.get('idempotency-replayed')).toBe('true');
  });

  describe('of a retry that opened its generation but got no response', () => {
    /** Repeats the request after `meanwhile`. */
    async function repeated(meanwhile: (job: JobView) => Promise<unknown> = async () => {}): Promise<Answer> {
      const job = await failedJob();
      const idempotencyKey = newKey();
      const path = `/v1/jobs/${job.id}/retry`;
      const forgetful = await startTestApi({ store: api.store, ledger: losingAnswers(`pending/bank/${job.id}.2.`) });
      expect((await send('POST', path, idempotencyKey, undefined, forgetful)).status).toBe(503);
      await forgetful.stop();
      await meanwhile(job);
      const again = await send('POST', path, idempotencyKey);
      expect((await send('POST', path, idempotencyKey)).body).toEqual(again.body);
      expect((await api.ledger.jobs.inventory('bank', job.id)).generation).toBe(2);
      return again;
    }

    /** A ledger whose store performs a write to such a name but reports a failure. */
    function losingAnswers(prefix: string): Ledger {
      const store: ObjectStore = {
        ...api.store,
        async create(name, body) {
          const created = await api.store.create(name, body);
          if (name.startsWith(prefix)) throw new TransientError('store_unavailable');
          return created;
        },
      };
      return createLedger({ store, master: localMasterKey(Buffer.alloc(32, 7)) });
    }

    it('returns the same generation', async () => {
      const { status, body } = await repeated();
      expect([status, body.generation, body.state]).toEqual([202, 2, 'queued']);
    });

    it('returns that generation when it succeeded, and opens no other when it failed', async () => {
      for (const change of [{ state: 'succeeded' }, { state: 'failed', failure: FAILURE }] as const) {
        const { status, body } = await repeated((job) => endJob(api.ledger, 'bank', { ...job, generation: 2 }, change));
        expect([status, body.generation, body.state]).toEqual([202, 2, change.state]);
      }
    });
  });

  it('reveals nothing of an erased job and leaves nothing that can be opened', async () => {
    const job = await newJob();
    const idempotencyKey = newKey();
    const path = `/v1/jobs/${job.id}/cancel`;
    expect((await send('POST', path, idempotencyKey)).status).toBe(200);
    await api.call('DELETE', `/v1/jobs/${job.id}`, { key });
    const again = await send('POST', path, idempotencyKey);
    expect([again.status, again.body.code]).toEqual([410, 'job_erased']);
  });

  it('does not show a response to a key with fewer scopes', async () => {
    const idempotencyKey = newKey();
    const path = `/v1/jobs/${(await newJob()).id}/cancel`;
    expect((await send('POST', path, idempotencyKey)).status).toBe(200);
    const lesser = await api.key('bank', ['jobs:write']);
    const again = await api.call('POST', path, { key: lesser, headers: { 'idempotency-key': idempotencyKey } });
    expect([again.status, again.body.code]).toEqual([403, 'forbidden']);
  });

  it.each(['', 'a b', 'x'.repeat(256), '\u00e9'])('refuses the key %j', async (bad) => {
    const answer = await send('POST', '/v1/uploads', bad, { content_type: 'image/png', size: 9 });
    expect([answer.status, answer.body.code]).toEqual([400, 'idempotency_key_invalid']);
  });

  it('leaves nothing readable in the store', async () => {
    const { body } = await send('POST', '/v1/webhook-endpoints', 'needle-key', HOOK);
    const stored = [...api.store.objects].filter(([name]) => name.startsWith('replay'));
    expect(stored.length).toBeGreaterThan(0);
    for (const [name, bytes] of stored) {
      const text = name + Buffer.from(bytes).toString('latin1');
      for (const needle of ['needle-key', body.secret, body.id, '127.0.0.1']) expect(text).not.toContain(needle);
    }
  });

  it('performs each request once and repeats its response, for any order of requests', async () => {
    const step = fc.record({ key: fc.nat(3), size: fc.nat(2), process: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const round = newKey();
        const known = new Map<number, { size: number; uploadId: string }>();
        for (const { key: which, size, process } of steps) {
          const body = { content_type: 'image/png', size: size + 1 };
          const answer = await send('POST', '/v1/uploads', `${round}-${which}`, body, process ? api : second);
          const before = known.get(which);
          if (!before) known.set(which, { size, uploadId: answer.body.upload_id });
          if (before && before.size !== size) expect(answer.body.code).toBe('idempotency_mismatch');
          else expect(answer.body.upload_id).toBe(known.get(which)!.uploadId);
        }
        expect(new Set([...known.values()].map(({ uploadId }) => uploadId)).size).toBe(known.size);
      }),
      { numRuns: 30 },
    );
  });
});
