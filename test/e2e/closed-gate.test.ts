import { generateSpecimens, type Specimen } from '@cardseal/emulator/cards';
import { createPacer, type Pacer } from '@cardseal/pacer';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitAtClosedGate } from '../soak/closed-gate/experiment.ts';
import { startTestStack, startWebhookSink, type TestStack } from '../support/stack.ts';

describe('cards at a closed gate', () => {
  it('wait without a call, an attempt or a start, and all finish once it opens', async () => {
    const findings = await waitAtClosedGate({ jobs: 80, closedMs: 4000, qps: 50, workers: 2, say: () => {} });
    expect(findings).toMatchObject({
      callsWhileClosed: 0,
      attemptsSpent: 0,
      quietJobStarts: 0,
      waitingFor: 'quota',
      finished: 80,
      failed: 0,
    });
    expect(findings.resumedMs).toBeLessThan(2000);
    expect(findings.maxInAnySecond).toBeLessThanOrEqual(52);
  });
});

/** Low enough that the quota, not this machine, is what cards wait for. */
const QPS = 8;

describe('a used-up daily quota', () => {
  let app: TestStack;
  let redis: Redis;
  let pacer: Pacer;
  let specimen: Specimen;
  let stateKey: string;
  beforeAll(async () => {
    app = await startTestStack({ baiduQps: QPS, workers: 2 });
    redis = new Redis(app.stack.info.redisUrl);
    const { id } = app.stack.info.credentials[0]!;
    pacer = createPacer({ redis, prefix: 'cardseal', credentials: [{ id, qps: QPS }] });
    stateKey = `{cardseal:pacing}:${id}`;
    for await (const one of generateSpecimens({ count: 1, seed: 5, scenario: 'good', scale: 0.5 })) specimen = one;
  });
  afterAll(async () => {
    pacer?.stop();
    redis?.disconnect();
    await app?.stop();
  });

  const gate = async () => (await pacer.snapshot())[0]!.gate;
  const waitingAll = async (ids: string[]) =>
    (await Promise.all(ids.map((id) => app.call('GET', `/v1/jobs/${id}`)))).map(({ body }) => body.waiting_for);
  /** An hour is long: the moment of the next probe is brought forward. */
  const probeNow = () => redis.hset(stateKey, 'gateProbeUs', Date.now() * 1000);

  it('is probed by one call of all workers, and a probe that is answered lets all go on', async () => {
    await app.control('PUT', { limits: { daily: 0 } });
    const submitted = await Promise.all(Array.from({ length: 30 }, () => app.submit({ front: specimen.front })));
    const ids = submitted.map(({ id }) => id as string);
    await expect.poll(async () => (await gate()).state, { timeout: 10_000 }).toBe('closed');
    await expect.poll(() => waitingAll(ids), { timeout: 10_000 }).toEqual(ids.map(() => 'quota'));
    expect(await gate()).toMatchObject({ reason: 'daily_quota' });
    const { body } = await app.call('GET', `/v1/jobs/${ids[0]}`);
    const midnight = (await gate()).until!;
    expect(Date.parse(body.estimated_start_at) - midnight).toBeLessThan(5000);
    expect(Date.parse(body.estimated_start_at) - midnight).toBeGreaterThanOrEqual(-1);
    const quota = await app.call('GET', '/v1/quota');
    expect(quota.body.gate).toEqual({
      state: 'closed',
      reason: 'daily_quota',
      until: new Date(midnight).toISOString(),
    });

    const { calls } = await app.stats();
    await probeNow();
    await expect.poll(async () => (await app.stats()).calls, { timeout: 10_000 }).toBe(calls! + 1);
    await expect.poll(() => waitingAll(ids), { timeout: 10_000 }).toEqual(ids.map(() => 'quota'));
    expect((await app.stats()).calls).toBe(calls! + 1);

    await app.control('DELETE');
    await probeNow();
    const jobs = await Promise.all(ids.map((id) => app.finished(id)));
    expect(jobs.map(({ state }) => state)).toEqual(ids.map(() => 'succeeded'));
    expect((await gate()).state).toBe('open');
  });

  it('a card whose time runs out at a closed gate expires without a call', async () => {
    const { id } = app.stack.info.credentials[0]!;
    await pacer.closeGate(id, 'operator', undefined, 'test');
    const { calls } = await app.stats();
    const { id: job } = await app.submit({ front: specimen.front }, { expires_in: 1 });
    expect(await app.finished(job)).toMatchObject({ state: 'expired', attempts: [] });
    expect((await app.stats()).calls).toBe(calls);
    await pacer.openGate(id, 'test');
  });

  it('a job that is cancelled at a closed gate is announced at once, without a call', async () => {
    const { id } = app.stack.info.credentials[0]!;
    const sink = await startWebhookSink();
    const endpoint = await app.call('POST', '/v1/webhook-endpoints', {
      body: JSON.stringify({ url: sink.url }),
      headers: { 'content-type': 'application/json' },
    });
    await pacer.closeGate(id, 'operator', undefined, 'test');
    // The first job is turned away: from then on the worker takes none.
    const [first, second] = [await app.submit({ front: specimen.front }), await app.submit({ front: specimen.front })];
    await expect.poll(() => waitingAll([first.id, second.id]), { timeout: 10_000 }).toEqual(['quota', 'quota']);
    expect(second.waiting_for).toBe('quota');
    const { calls } = await app.stats();
    await app.call('POST', `/v1/jobs/${second.id}/cancel`);
    const [event] = await sink.events(second.id);
    expect(event!.type).toBe('job.cancelled');
    expect((await app.stats()).calls).toBe(calls);
    expect((await gate()).state).toBe('closed');
    await pacer.openGate(id, 'test');
    expect((await app.finished(first.id)).state).toBe('succeeded');
    await app.call('DELETE', `/v1/webhook-endpoints/${endpoint.body.id}`);
    await sink.stop();
  });

  it('the estimate of a start is within 20 % of the truth on a steady backlog', async () => {
    const { id } = app.stack.info.credentials[0]!;
    await pacer.closeGate(id, 'operator', undefined, 'test');
    const ids: string[] = [];
    for (let at = 0; at < 120; at++) ids.push((await app.submit({ front: specimen.front })).id);
    await pacer.openGate(id, 'test');
    await expect.poll(async () => (await app.call('GET', '/v1/quota')).body.gate.state, { timeout: 5000 }).toBe('open');
    await app.finished(ids[20]!);
    const askedMs = Date.now();
    const asked = [60, 90, 119];
    const views = await Promise.all(asked.map((at) => app.call('GET', `/v1/jobs/${ids[at]}`)));
    const { body: quota } = await app.call('GET', '/v1/quota');
    const jobs = await Promise.all(asked.map((at) => app.finished(ids[at]!)));
    const errors = jobs.map((job, at) => {
      const promised = Date.parse(views[at]!.body.estimated_start_at) - askedMs;
      return promised / (Date.parse(job.attempts[0].at) - askedMs) - 1;
    });
    // One refusal among these few calls moves a single estimate by more than the pool's mean ever is.
    const sizes = errors.map(Math.abs).sort((a, b) => a - b);
    expect(sizes[1]).toBeLessThan(0.2);
    expect(sizes[2]).toBeLessThan(0.4);
    expect(quota).toMatchObject({ gate: { state: 'open' }, rate: { nominal_calls_per_second: QPS }, weight: 1 });
    expect(quota.backlog.interactive).toBeGreaterThan(50);
  });

  it('an operator closes and opens a gate through the admin; no other role can', async () => {
    const { adminUrl, admin, credentials } = app.stack.info;
    const login = await fetch(`${adminUrl}/login`, {
      method: 'POST',
      body: JSON.stringify(admin),
      headers: { 'content-type': 'application/json' },
    });
    const cookie = login.headers.get('set-cookie')!.split(';')[0]!;
    const ask = (method: string, route: string, body?: object) =>
      fetch(`${adminUrl}/api/gates${route}`, {
        method,
        headers: body ? { cookie, 'content-type': 'application/json' } : { cookie },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
    const { id } = credentials[0]!;
    expect((await fetch(`${adminUrl}/api/gates/${id}/close`, { method: 'POST' })).status).toBe(401);
    expect((await ask('POST', '/unknown/close')).status).toBe(404);
    expect((await ask('POST', `/${id}/close`, { until: 'tomorrow' })).status).toBe(400);
    const until = new Date(Date.now() + 3_600_000).toISOString();
    expect(await (await ask('POST', `/${id}/close`, { until })).json()).toMatchObject({
      id,
      gate: { state: 'closed', reason: 'operator', by: admin.user, until },
    });
    expect(await gate()).toMatchObject({ state: 'closed', by: admin.user });
    expect(await (await ask('GET', '')).json()).toMatchObject({ data: [{ id, gate: { state: 'closed' } }] });
    expect((await ask('POST', `/${id}/open`)).status).toBe(200);
    expect((await gate()).state).toBe('open');
  });
});
