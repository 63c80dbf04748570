/** Every documented problem can occur, with the documented content. */

import { systemClock } from '@cardseal/base/clock';
import { createApiKey } from '@cardseal/core/access';
import type { KeyLimits } from '@cardseal/core/ledger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, startTestApi, type TestApi } from '../../support/api.ts';
import { plainJpeg } from '../../support/images.ts';
import { endJob } from '../../support/outcomes.ts';
import { sendRaw } from '../../support/raw-http.ts';

const FAILURE = { code: 'upstream_timeout', message: 'No.', side: null, retryable: true };
const TYPED = { 'content-type': 'application/json' };

/**
 * Tested elsewhere, because they need a fault: an outage of the store or of the key service, a defect, a lost race, a
 * full memory budget, or a stopping process.
 */
const BY_FAULT = [
  'store_unavailable',
  'erasure_incomplete',
  'keys_unavailable',
  'stored_data_unreadable',
  'key_service_unavailable',
  'internal',
  'idempotency_in_progress',
  'overloaded',
  'shutting_down',
];

describe('problems', () => {
  let api: TestApi;
  let key: string;
  let image: string;
  const met = new Set<string>();
  beforeAll(async () => {
    api = await startTestApi({ requestTimeoutMs: 1000 });
    key = await api.key('bank');
    image = (await plainJpeg()).toString('base64');
  });
  afterAll(() => api.stop());

  const newJob = async () => (await api.call('POST', '/v1/jobs', { key, ...json({ front: { image } }) })).body;
  const failed = async () => {
    const job = await newJob();
    await endJob(api.ledger, 'bank', job, { state: 'failed', failure: FAILURE });
    return job;
  };
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    api.call('POST', path, { key, body: JSON.stringify(body), headers: { ...TYPED, ...headers } });
  const limited = async (limits: KeyLimits) =>
    (
      await createApiKey(api.ledger, systemClock, {
        tenant: 'other',
        env: 'test',
        scopes: ['jobs:read', 'jobs:write'],
        limits,
      })
    ).key;
  const raw = async (head: string) => {
    const { status, body } = await sendRaw(api.url, head);
    return { status, body: JSON.parse(body) };
  };
  const authorized = () => `host: x\r\nauthorization: Bearer ${key}\r\n`;
  const upload = { content_type: 'image/jpeg', size: 3 };

  type Met = { status: number; body: { code: string; status: number } };
  const cases: [string, () => Promise<Met>][] = [
    ['invalid_request', () => post('/v1/jobs', {})],
    ['malformed_body', () => api.call('POST', '/v1/jobs', { key, body: '{', headers: TYPED })],
    ['unsupported_media_type', () => api.call('POST', '/v1/jobs', { key, body: 'x' })],
    ['body_too_large', () => post('/v1/uploads', { content_type: 'x'.repeat(70_000) })],
    [
      'body_timeout',
      () => raw(`POST /v1/jobs HTTP/1.1\r\n${authorized()}content-type: image/jpeg\r\ncontent-length: 9\r\n\r\n`),
    ],
    ['headers_too_large', () => raw(`GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`)],
    ['bad_request', () => raw(`GET /v1/jobs/% HTTP/1.1\r\n${authorized()}connection: close\r\n\r\n`)],
    ['image_unusable', () => post('/v1/jobs', { front: { image: 'aGVsbG8=' } })],
    ['unauthorized', () => api.call('GET', '/v1/jobs')],
    ['forbidden', async () => api.call('GET', '/v1/jobs', { key: await api.key('bank', ['jobs:write']) })],
    ['not_found', () => api.call('GET', '/v1/jobs/job_01JGFJJZ00D4W7T5Q8XMEY2RBN', { key })],
    ['method_not_allowed', () => api.call('PUT', '/v1/jobs', { key })],
    [
      'idempotency_mismatch',
      async () => {
        await post('/v1/uploads', upload, { 'idempotency-key': 'problems' });
        return post('/v1/uploads', { ...upload, size: 4 }, { 'idempotency-key': 'problems' });
      },
    ],
    ['idempotency_key_invalid', () => post('/v1/uploads', upload, { 'idempotency-key': 'a b' })],
    [
      'job_erased',
      async () => {
        const { id } = await newJob();
        await api.call('DELETE', `/v1/jobs/${id}`, { key });
        return api.call('POST', `/v1/jobs/${id}/cancel`, { key });
      },
    ],
    ['job_not_cancellable', async () => api.call('POST', `/v1/jobs/${(await failed()).id}/cancel`, { key })],
    ['job_not_retryable', async () => api.call('POST', `/v1/jobs/${(await newJob()).id}/retry`, { key })],
    [
      'picture_gone',
      async () => {
        const { id } = await failed();
        await api.ledger.jobs.deleteImages('bank', id, ['front']);
        return api.call('POST', `/v1/jobs/${id}/retry`, { key });
      },
    ],
    [
      'image_gone',
      async () => {
        const { id } = await failed();
        await api.ledger.jobs.deleteImages('bank', id, ['front']);
        return api.call('GET', `/v1/jobs/${id}/front/image`, { key });
      },
    ],
    ['webhook_target_refused', () => post('/v1/webhook-endpoints', { url: 'https://10.0.0.1/', payload: 'reference' })],
    [
      'public_key_invalid',
      () => post('/v1/webhook-endpoints', { url: 'http://127.0.0.1:9/', payload: 'encrypted', public_key: 'x' }),
    ],
    ['source_not_allowed', () => post('/v1/jobs', { front: { object: { bucket: 'foreign', key: 'x' } } })],
    ['source_unavailable', () => post('/v1/jobs', { front: { upload_id: 'upl_none' } })],
    [
      'upload_refused',
      async () => {
        const { body } = await post('/v1/uploads', upload);
        return api.call('PUT', new URL(body.url).pathname, { body: 'abc', headers: { 'content-type': 'image/jpeg' } });
      },
    ],
    [
      'batch_too_large',
      () =>
        api.call('POST', '/v1/batches', {
          key,
          body: '{}\n'.repeat(10_001),
          headers: { 'content-type': 'application/x-ndjson' },
        }),
    ],
    [
      'rate_limited',
      async () => {
        const few = await limited({ requestsPerSecond: 1 });
        const answers = await Promise.all([1, 2, 3, 4].map(() => api.call('GET', '/v1/jobs', { key: few })));
        return answers.find(({ status }) => status === 429)!;
      },
    ],
    [
      'too_many_concurrent',
      async () => {
        const one = await limited({ concurrency: 1 });
        const { id } = (await api.call('POST', '/v1/jobs', { key: one, ...json({ front: { image } }) })).body;
        const stop = new AbortController();
        const headers = { authorization: `Bearer ${one}` };
        await fetch(`${api.url}/v1/jobs/${id}/events`, { headers, signal: stop.signal });
        const answer = await api.call('GET', '/v1/jobs', { key: one });
        stop.abort();
        return answer;
      },
    ],
    [
      'queue_full',
      async () => {
        const one = await limited({ inQueue: 1 });
        const submit = () => api.call('POST', '/v1/jobs', { key: one, ...json({ front: { image } }) });
        await submit();
        return submit();
      },
    ],
    [
      'daily_limit',
      async () => {
        const one = await limited({ cardsPerDay: 1 });
        const submit = () => api.call('POST', '/v1/jobs', { key: one, ...json({ front: { image } }) });
        await submit();
        return submit();
      },
    ],
  ];

  it.each(cases)('%s', async (code, meet) => {
    const { status, body } = await meet();
    expect(body).toMatchObject({ code, status, type: expect.stringMatching(new RegExp(`#${code}$`)) });
    met.add(code);
  });

  it('all occur, here or with a fault', async () => {
    const document = (await api.call('GET', '/openapi.json')).body;
    const codes: string[] = document.components.schemas.Problem.properties.code.enum;
    const known = new Set([...cases.map(([code]) => code), ...BY_FAULT]);
    expect(codes.filter((code) => !known.has(code))).toEqual([]);
    expect(met.size).toBe(cases.length);
  });
});
