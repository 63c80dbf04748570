import { generateSpecimens, type Specimen } from '@cardseal/emulator/cards';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loginAdmin } from '../support/admin.ts';
import { startTestStack, startWebhookSink, type TestStack, type WebhookSink } from '../support/stack.ts';
import { expectTruth } from '../support/truth.ts';

describe('a failed job is announced, and can be retried', () => {
  let app: TestStack;
  let sink: WebhookSink;
  let specimen: Specimen;
  beforeAll(async () => {
    [app, sink] = await Promise.all([startTestStack(), startWebhookSink()]);
    for await (const one of generateSpecimens({ count: 1, seed: 13, scenario: 'good' })) specimen = one;
    const { body } = await app.call('POST', '/v1/webhook-endpoints', {
      body: JSON.stringify({ url: sink.url }),
      headers: { 'content-type': 'application/json' },
    });
    sink.verifyWith(body.secret);
  });
  afterAll(async () => {
    await app?.stop();
    await sink?.stop();
  });

  async function login(): Promise<string> {
    const { adminUrl, admin } = app.stack.info;
    const answer = await fetch(`${adminUrl}/login`, {
      method: 'POST',
      body: JSON.stringify(admin),
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(200);
    return answer.headers.get('set-cookie')!.split(';')[0]!;
  }

  it('a defect fails the job with its code; Bull Board retries it to a new outcome and a new webhook', async () => {
    await app.control('PUT', { faults: [{ kind: 'error', code: 282_003, rate: 1 }] });
    const { id } = await app.submit(specimen);
    const failed = await app.finished(id);
    expect(failed).toMatchObject({
      state: 'failed',
      generation: 1,
      failure: { code: 'upstream_request_invalid', retryable: true },
    });
    expect((await sink.events(id))[0]).toMatchObject({ type: 'job.failed', data: { generation: 1 } });
    await app.control('DELETE');

    const { adminUrl } = app.stack.info;
    const route = `${adminUrl}/queues/api/queues/recognize/${id}-1/retry`;
    expect((await fetch(route, { method: 'PUT' })).status).toBe(401);
    const cookie = await login();
    const foreign = await fetch(route, { method: 'PUT', headers: { cookie, origin: 'https://evil.example' } });
    expect(foreign.status).toBe(403);
    expect((await fetch(route, { method: 'PUT', headers: { cookie } })).status).toBe(204);

    const [, second] = await sink.events(id, 2);
    expect(second).toMatchObject({ type: 'job.succeeded', data: { id, generation: 2 } });
    expect(second!.id).not.toBe(sink.received.find(({ data }) => data.id === id)!.id);
    const job = await app.finished(id);
    expect(job.generation).toBe(2);
    expectTruth(job, specimen.truth);
    // A repaired failure is no longer on the overview.
    const admin = await loginAdmin(app.stack.info);
    const troubles = async () => (await admin.call('GET', '/api/overview')).body.troubles;
    await expect.poll(troubles, { timeout: 10_000 }).toEqual([]);
  });

  it('what Bull Board must not do is refused at the endpoint', async () => {
    const cookie = await login();
    const { adminUrl } = app.stack.info;
    const change = (method: string, path: string, body?: object) =>
      fetch(`${adminUrl}/queues/api/queues/recognize/${path}`, {
        method,
        headers: body ? { cookie, 'content-type': 'application/json' } : { cookie },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
    expect((await change('POST', 'add', { name: 'card', data: {}, options: {} })).status).toBe(403);
    expect((await change('PATCH', 'x-1/update-data', { jobData: {} })).status).toBe(403);
    expect((await change('PUT', 'empty')).status).toBe(403);
    expect((await change('PUT', 'obliterate')).status).toBe(403);
  });

  it('an image that the provider refuses fails with a reason, and is never paid for again', async () => {
    await app.control('PUT', { faults: [{ kind: 'error', code: 282_103, count: 1 }] });
    const { id } = await app.submit({ front: specimen.front });
    const failed = await app.finished(id);
    expect(failed).toMatchObject({ state: 'failed', failure: { side: 'front', retryable: false } });
    expect(failed.failure.message).toMatch(/image/i);
    const { calls } = await app.stats();
    const retried = await app.call('POST', `/v1/jobs/${id}/retry`);
    expect(retried.status).toBe(202);
    const [, second] = await sink.events(id, 2);
    expect(second).toMatchObject({ type: 'job.failed', data: { generation: 2 } });
    expect((await app.stats()).calls).toBe(calls);
  });

  it('errors that pass are waited out, and the attempts say what happened', async () => {
    await app.control('PUT', {
      faults: [
        { kind: 'error', code: 282_000, count: 1 },
        { kind: 'html', count: 1 },
      ],
    });
    const { id } = await app.submit({ front: specimen.front });
    const job = await app.finished(id);
    expect(job.state).toBe('succeeded');
    expect(job.attempts.map((attempt: { code: string | null }) => attempt.code)).toEqual([
      expect.any(String),
      expect.any(String),
      null,
    ]);
    expect(job.attempts.at(-1)).toMatchObject({ class: 'accepted', billed: 'yes' });
    await sink.events(id);
  });

  it('a webhook that fails is sent again with the same id and the same bytes', async () => {
    sink.answers.push(500);
    const { id } = await app.submit({ front: specimen.front });
    const [first, second] = await sink.events(id, 2);
    expect(second!.id).toBe(first!.id);
    expect(second!.raw).toBe(first!.raw);
    await expect
      .poll(async () => (await app.finished(id)).deliveries, { timeout: 10_000 })
      .toMatchObject([{ state: 'delivered', tries: 2, last_status: 204 }]);
  });

  it('a job that succeeded cannot be retried', async () => {
    const { id } = await app.submit({ front: specimen.front });
    await app.finished(id);
    const answer = await app.call('POST', `/v1/jobs/${id}/retry`);
    expect(answer).toMatchObject({ status: 409, body: { code: 'job_not_retryable' } });
  });
});
