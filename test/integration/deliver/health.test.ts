import { systemClock } from '@cardseal/base/clock';
import type { JobId } from '@cardseal/core/job';
import { connectRedis, openQueues, type Queues } from '@cardseal/core/queue';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorker, type WorkerApp } from '../../../apps/worker/src/app.ts';
import { readConfig } from '../../../apps/worker/src/config.ts';
import { createPendingDeliveries, type PendingDeliveries } from '../../support/pending-deliveries.ts';
import { startTestStack, type TestStack } from '../../support/stack.ts';
import { type Arrival, answer, type Receiver, startReceiver } from '../../support/webhook-receiver.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The worker lives in this process, on a clock that is moved; everything else is as it is in production. */
describe('the health of an endpoint over days, announced once per change', () => {
  let app: TestStack;
  let receiver: Receiver;
  let pendingDeliveries: PendingDeliveries;
  let worker: WorkerApp;
  let queues: Queues;
  let redis: ReturnType<typeof connectRedis>;
  let aheadMs = 0;
  const clock = { now: () => Date.now() + aheadMs, sleep: systemClock.sleep };

  beforeAll(async () => {
    [app, receiver] = await Promise.all([
      startTestStack({ workers: 0, env: { RECONCILE_INTERVAL_MS: '2000' } }),
      startReceiver(),
    ]);
    pendingDeliveries = createPendingDeliveries(app);
    const config = readConfig({ ...app.stack.env, LOG_LEVEL: 'warn' });
    worker = createWorker(config, { clock, ledger: pendingDeliveries.ledger });
    await worker.start();
    redis = connectRedis(app.stack.info.redisUrl, 'subscriber');
    queues = openQueues(redis, config.QUEUE_PREFIX);
  });
  afterAll(async () => {
    await worker?.stop();
    await queues?.deliver.close();
    await queues?.recognize.close();
    redis?.disconnect();
    await pendingDeliveries?.close();
    await app?.stop();
    await receiver?.stop();
  });

  const post = (route: string, body: object = {}) =>
    app.call('POST', route, { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  async function register(path: string, terms: object = {}) {
    const { body } = await post('/v1/webhook-endpoints', { url: receiver.url(path), payload: 'reference', ...terms });
    return body.id as string;
  }
  const read = async (id: string) => (await app.call('GET', `/v1/webhook-endpoints/${id}`)).body;
  const list = async (id: string, query = '') =>
    (await app.call('GET', `/v1/webhook-endpoints/${id}/deliveries${query}`)).body.data;
  /** Owes an outcome that lists can find. */
  async function owe(endpoint: string): Promise<string> {
    const job = await pendingDeliveries.add([endpoint]);
    const ended = { generation: 1, state: 'succeeded', code: '-' } as const;
    await pendingDeliveries.ledger.jobs.listing.finished(app.stack.info.tenant, job as JobId, null, ended);
    return job;
  }
  const at = (path: string, job: string) => (one: Arrival) => one.path === path && one.event.data.id === job;
  const told = (path: string, type: string) =>
    receiver.arrivals.filter((one) => one.path === path && one.event.type === type);

  /** Advances the time when all due deliveries sleep, and waits for the next attempt. */
  async function nextAttempt(path: string, job: string, ms: number): Promise<void> {
    const before = receiver.arrivals.filter(at(path, job)).length;
    await expect.poll(() => queues.deliver.getActiveCount(), { timeout: 20_000 }).toBe(0);
    aheadMs += ms;
    await queues.deliver.promoteJobs();
    await receiver.next(at(path, job), before + 1);
    await expect.poll(() => queues.deliver.getActiveCount(), { timeout: 20_000 }).toBe(0);
  }
  async function failsUntilFailing(path: string, job: string): Promise<void> {
    await receiver.next(at(path, job));
    await nextAttempt(path, job, 7_000);
    await nextAttempt(path, job, 7 * MINUTE_MS);
  }

  it('failing after three failures in a row, recovered with the first success; each is announced once', async () => {
    const watcher = await register('/watch-1', { events: ['endpoint.failing', 'endpoint.recovered'] });
    const sick = await register('/sick');
    receiver.behave('/sick', answer(500));
    const job = await owe(sick);
    await receiver.next(at('/sick', job));
    await nextAttempt('/sick', job, 7_000);
    expect(await read(sick)).toMatchObject({ health: 'healthy' });
    await nextAttempt('/sick', job, 7 * MINUTE_MS);
    const [failing] = await receiver.next((one) => one.event.type === 'endpoint.failing');
    expect(failing).toMatchObject({ path: '/watch-1', event: { data: { endpoint_id: sick, state: 'failing' } } });
    expect(await read(sick)).toMatchObject({
      ...{ health: 'failing', state: 'enabled' },
      ...{ health_since: expect.any(String), health_reason: { class: 'server_error', status: 500 } },
    });
    await nextAttempt('/sick', job, HOUR_MS);
    receiver.behave('/sick', answer(204));
    await nextAttempt('/sick', job, 3 * HOUR_MS);
    await receiver.next((one) => one.event.type === 'endpoint.recovered');
    expect(await read(sick)).toMatchObject({ health: 'healthy', health_reason: null });
    expect(told('/watch-1', 'endpoint.failing')).toHaveLength(1);
    expect(told('/watch-1', 'endpoint.recovered')).toHaveLength(1);
    // The notices, the test at registration and the outcome are all listed, newest first.
    const types = (await list(sick)).map(({ event_type }: { event_type: string }) => event_type);
    expect(types).toEqual(['job.succeeded', 'endpoint.test']);
    await Promise.all([watcher, sick].map((id) => app.call('DELETE', `/v1/webhook-endpoints/${id}`)));
  });

  it('disabled after five days of failures alone: announced once, due deliveries are kept, enabling sends them', async () => {
    const watcher = await register('/watch-2', { events: ['endpoint.failing', 'endpoint.disabled'] });
    const dead = await register('/dead');
    receiver.behave('/dead', answer(503));
    const first = await owe(dead);
    await failsUntilFailing('/dead', first);
    for (let day = 0; day < 4; day++) await nextAttempt('/dead', first, 29 * HOUR_MS);
    expect(await read(dead)).toMatchObject({ state: 'enabled', health: 'failing' });
    await nextAttempt('/dead', first, 29 * HOUR_MS);
    await receiver.next((one) => one.event.type === 'endpoint.disabled' && one.path === '/watch-2');
    expect(await read(dead)).toMatchObject({ state: 'disabled', health: 'disabled', disabled_by: 'failing' });

    const second = await owe(dead);
    // The attempt that disabled it may still be going to sleep until its next one.
    const parked = async () => {
      await queues.deliver.promoteJobs();
      return list(dead, '?state=parked');
    };
    await expect.poll(parked, { timeout: 20_000 }).toHaveLength(2);
    expect(receiver.arrivals.some(at('/dead', second))).toBe(false);
    expect(told('/watch-2', 'endpoint.failing')).toHaveLength(1);
    expect(told('/watch-2', 'endpoint.disabled')).toHaveLength(1);

    receiver.behave('/dead', answer(204));
    const tries = receiver.arrivals.filter(at('/dead', first)).length;
    expect((await post(`/v1/webhook-endpoints/${dead}/enable`)).body).toMatchObject({
      state: 'enabled',
      health: 'healthy',
    });
    await receiver.next(at('/dead', second));
    const all = await receiver.next(at('/dead', first), tries + 1);
    expect(new Set(all.map(({ id, raw }) => id + raw)).size).toBe(1);
    await expect.poll(() => list(dead, '?state=parked'), { timeout: 20_000 }).toEqual([]);
    await Promise.all([watcher, dead].map((id) => app.call('DELETE', `/v1/webhook-endpoints/${id}`)));
  });

  it('an exhausted delivery is found and recovered from the ledger alone, Redis having lost everything', async () => {
    const sinceMs = Date.now() - 1000;
    const strict = await register('/strict');
    receiver.behave('/strict', answer(422));
    const job = await owe(strict);
    await failsUntilFailing('/strict', job);
    for (const hours of [1, 3, 7]) await nextAttempt('/strict', job, hours * HOUR_MS);
    await expect
      .poll(() => list(strict, '?state=exhausted'), { timeout: 20_000 })
      .toMatchObject([{ job_id: job, tries: 6 }]);
    expect((await app.call('GET', '/v1/deliveries?state=undelivered')).body.data).toEqual([]);
    await redis.flushall();
    expect(await list(strict, '?state=exhausted')).toHaveLength(1);
    receiver.behave('/strict', answer(204));
    const { status } = await post(`/v1/webhook-endpoints/${strict}/recover`, {
      since: new Date(sinceMs).toISOString(),
    });
    expect(status).toBe(202);
    await receiver.next(at('/strict', job), 7);
    await expect.poll(() => list(strict, '?state=delivered'), { timeout: 20_000 }).toHaveLength(2);
    expect(await list(strict, '?state=exhausted')).toEqual([]);
  });
});
