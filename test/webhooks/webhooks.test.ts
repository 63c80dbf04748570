/** Workers crash, hang and lose Redis while they deliver webhooks. The delivery checker verifies each run. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FAILPOINTS, type FailpointAction } from '@cardseal/core/failpoints';
import { generateSpecimens, type Specimen } from '@cardseal/emulator/cards';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPendingDeliveries, type PendingDeliveries } from '../support/pending-deliveries.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import {
  type Arrival,
  answer,
  type Receiver,
  seenOf,
  startReceiver,
  verifyTwice,
} from '../support/webhook-receiver.ts';
import { type Listener, type WebhookEvidence, webhookViolations } from './webhook-checker.ts';

const DEADLINE_MS = 1500;
const RECOVERY_MS = 60_000;
const DELIVER_POINTS = FAILPOINTS.filter((name) => name.startsWith('deliver.'));

describe('workers crash during deliveries', () => {
  let app: TestStack;
  let receiver: Receiver;
  let pendingDeliveries: PendingDeliveries;
  let specimen: Specimen;
  let failpoints: string;
  beforeAll(async () => {
    failpoints = await mkdtemp(path.join(tmpdir(), 'cardseal-failpoints-'));
    const env = {
      LOCK_DURATION_MS: '5000',
      RECONCILE_INTERVAL_MS: '2000',
      WEBHOOK_DEADLINE_MS: String(DEADLINE_MS),
      FAILPOINTS_DIR: failpoints,
    };
    [app, receiver] = await Promise.all([startTestStack({ workers: 2, env }), startReceiver()]);
    pendingDeliveries = createPendingDeliveries(app);
    for await (const one of generateSpecimens({ count: 1, seed: 72, scenario: 'good' })) specimen = one;
  });
  afterAll(async () => {
    await pendingDeliveries?.close();
    await app?.stop();
    await receiver?.stop();
    await rm(failpoints, { recursive: true, force: true });
  });

  async function register(path: string, terms: object = { payload: 'reference' }) {
    const { body } = await app.call('POST', '/v1/webhook-endpoints', {
      body: JSON.stringify({ url: receiver.url(path), ...terms }),
      headers: { 'content-type': 'application/json' },
    });
    return body as { id: string; secret: string };
  }
  const remove = (id: string) => app.call('DELETE', `/v1/webhook-endpoints/${id}`);
  const at = (path: string, job: string) => (one: Arrival) => one.path === path && one.event.data.id === job;
  const delivery = async (job: string, endpoint: string) => {
    const { body } = await app.call('GET', `/v1/deliveries/dlv_${job}-1-${endpoint}`);
    return body;
  };

  it('sends the same id and bytes again when a worker was killed between send and record', async () => {
    const endpoint = await register('/killed', { payload: 'full' });
    let received = 0;
    // The receiver never responds, so the worker is killed before it records the attempt.
    receiver.behave('/killed', (response) => {
      if (received++ > 0) return void response.writeHead(204).end();
      for (const name of ['worker-1', 'worker-2']) process.kill(app.stack.child(name).pid, 'SIGKILL');
    });
    const { id } = await app.submit(specimen);
    const both = await receiver.next(at('/killed', id), 2);
    expect(seenOf(both)).toMatchObject({ ids: { size: 1 }, bodies: { size: 1 } });
    for (const one of both) verifyTwice(one, endpoint.secret);
    await expect.poll(async () => (await delivery(id, endpoint.id)).state, { timeout: 10_000 }).toBe('delivered');
    await remove(endpoint.id);
  });

  it('delivers everything after Redis was emptied, including deliveries on hold', async () => {
    const [endpoint, held] = [await register('/flushed'), await register('/held')];
    receiver.behave('/flushed', answer(500));
    receiver.behave('/held', answer(503, { 'retry-after': '8' }));
    const jobs = await Promise.all(Array.from({ length: 5 }, async () => (await app.submit(specimen)).id as string));
    await Promise.all(jobs.map((id) => receiver.next(at('/flushed', id))));
    await receiver.next(({ path }) => path === '/held');
    const [first] = receiver.arrivals.filter(({ path }) => path === '/held');
    receiver.behave('/flushed', answer(204));
    receiver.behave('/held', answer(204));
    // The hold must be recorded before Redis is emptied, otherwise it cannot be restored.
    await expect
      .poll(async () => (await delivery(first!.event.data.id, held.id)).entries?.length ?? 0, { timeout: 5000 })
      .toBeGreaterThan(0);
    const redis = new Redis(app.stack.info.redisUrl);
    await redis.flushall();
    redis.disconnect();
    for (const id of jobs) {
      const seen = await receiver.next(at('/flushed', id), 2);
      expect(seenOf(seen)).toMatchObject({ ids: { size: 1 }, bodies: { size: 1 } });
      await receiver.next(at('/held', id), id === first!.event.data.id ? 2 : 1);
    }
    // Wait until all attempts are recorded: a running attempt would reach the failpoint of a later test.
    for (const { id: listener } of [endpoint, held]) {
      for (const id of jobs) {
        await expect.poll(async () => (await delivery(id, listener)).state, { timeout: 10_000 }).toBe('delivered');
      }
    }
    await Promise.all([remove(endpoint.id), remove(held.id)]);
  });

  /** Registers an endpoint in the form that the checker expects. */
  async function listen(name: string): Promise<Listener> {
    const { id, secret } = await pendingDeliveries.endpoint(receiver.url(name));
    return { id, secret, path: name, payload: 'full' };
  }
  const evidenceOf = (listeners: Listener[], jobs: string[]): WebhookEvidence => ({
    tenant: app.stack.info.tenant,
    ledger: pendingDeliveries.ledger,
    listeners,
    jobs: jobs as WebhookEvidence['jobs'],
    arrivals: receiver.arrivals.filter((one) => listeners.some((listener) => listener.path === one.path)),
  });
  const atRest = async (listeners: Listener[], jobs: string[]) => {
    const check = async () => webhookViolations(evidenceOf(listeners, jobs));
    await expect.poll(check, { timeout: RECOVERY_MS, interval: 500 }).toEqual([]);
  };
  const forget = (listeners: Listener[]) =>
    Promise.all(
      listeners.map(({ id }) =>
        pendingDeliveries.ledger.tenants.endpoints.change(app.stack.info.tenant, id, asDeleted),
      ),
    );
  const asDeleted = <T extends object>(value: T) => ({ ...value, state: 'deleted' as const, secrets: [] });

  const met = () => expect.poll(() => readdir(failpoints), { timeout: RECOVERY_MS }).toEqual([]);

  it.each<{ action: FailpointAction; again: Record<string, number> }>([
    // Only an attempt without a record is sent again. A recorded attempt is never repeated because its marker is left.
    { action: 'kill', again: { 'deliver.answered': 2, 'deliver.recorded': 1, 'deliver.settled': 1 } },
    { action: 'throw', again: { 'deliver.answered': 2, 'deliver.recorded': 1, 'deliver.settled': 1 } },
  ])(
    'repeats only unrecorded attempts after a $action between response, record and marker',
    async ({ action, again }) => {
      const listeners = [await listen(`/points-${action}`)];
      const jobs: string[] = [];
      for (const point of DELIVER_POINTS) {
        await writeFile(path.join(failpoints, point), action);
        const job = await pendingDeliveries.add([listeners[0]!.id]);
        jobs.push(job);
        await met();
        await atRest(listeners, jobs);
        const seen = receiver.arrivals.filter(at(listeners[0]!.path, job));
        expect(seen, point).toHaveLength(again[point]!);
      }
      await forget(listeners);
    },
  );

  it('disables the endpoint and parks deliveries on 410, although the worker is killed before it acts on the response', async () => {
    const listener = await listen('/gone');
    receiver.behave('/gone', answer(410));
    await writeFile(path.join(failpoints, 'deliver.recorded'), 'kill');
    const jobs = [await pendingDeliveries.add([listener.id])];
    await met();
    const state = async () =>
      (await pendingDeliveries.ledger.tenants.endpoints.get(app.stack.info.tenant, listener.id))?.value;
    await expect.poll(state, { timeout: RECOVERY_MS }).toMatchObject({ state: 'disabled', disabledBy: 'gone' });
    jobs.push(await pendingDeliveries.add([listener.id]));
    await atRest([listener], jobs);
    const { body } = await app.call('GET', `/v1/deliveries/dlv_${jobs[1]}-1-${listener.id}`);
    expect(body).toMatchObject({ state: 'parked', tries: 0 });
    await forget([listener]);
  });

  it('a hold from Retry-After outlives the worker that recorded it, and costs no attempts', async () => {
    const listener = await listen('/later');
    receiver.behave('/later', answer(429, { 'retry-after': '9' }));
    // Kill the worker right after it records the attempt, before it can close the endpoint in Redis.
    await writeFile(path.join(failpoints, 'deliver.recorded'), 'kill');
    const first = await pendingDeliveries.add([listener.id]);
    const [refused] = await receiver.next(at('/later', first));
    receiver.behave('/later', answer(204));
    await met();
    const jobs = [first, ...(await Promise.all(Array.from({ length: 3 }, () => pendingDeliveries.add([listener.id]))))];
    await atRest([listener], jobs);
    const others = receiver.arrivals.filter((one) => one.path === '/later' && one !== refused);
    const { body } = await app.call('GET', `/v1/deliveries/dlv_${first}-1-${listener.id}`);
    expect(body.entries.some(({ held_until }: { held_until: string | null }) => held_until !== null)).toBe(true);
    for (const one of others) expect(one.atMs - refused!.atMs).toBeGreaterThanOrEqual(8900);
    await forget([listener]);
  });

  it('a resend during a running attempt does not wait for the next scheduled attempt', async () => {
    const listener = await listen('/again');
    receiver.behave('/again', answer(500));
    const job = await pendingDeliveries.add([listener.id]);
    await receiver.next(at('/again', job));
    // The third attempt is due in five minutes. Stop the worker after it records the second attempt and before it
    // delays the queue entry.
    await writeFile(path.join(failpoints, 'deliver.recorded'), 'stop');
    await receiver.next(at('/again', job), 2);
    await met();
    receiver.behave('/again', answer(204));
    const { status } = await app.call('POST', `/v1/deliveries/dlv_${job}-1-${listener.id}/resend`);
    expect(status).toBe(202);
    for (const name of ['worker-1', 'worker-2']) process.kill(app.stack.child(name).pid, 'SIGCONT');
    await receiver.next(at('/again', job), 3);
    await atRest([listener], [job]);
    await forget([listener]);
  });

  it('a resend while Redis is away does not wait for the next scheduled attempt', async () => {
    const listener = await listen('/away');
    receiver.behave('/away', answer(500));
    const job = await pendingDeliveries.add([listener.id]);
    await receiver.next(at('/away', job), 2);
    // The third attempt is due in five minutes, and Redis remembers that delay.
    await expect.poll(async () => (await delivery(job, listener.id)).tries).toBe(2);
    receiver.behave('/away', answer(204));
    const restarted = app.stack.nextRestart();
    process.kill(app.stack.child('redis').pid, 'SIGKILL');
    const { status } = await app.call('POST', `/v1/deliveries/dlv_${job}-1-${listener.id}/resend`);
    expect(status).toBe(202);
    expect((await restarted).name).toBe('redis');
    await receiver.next(at('/away', job), 3);
    await atRest([listener], [job]);
    const asked = () => Array.fromAsync(pendingDeliveries.ledger.jobs.markers.askedAgain());
    await expect.poll(async () => (await asked()).length, { timeout: RECOVERY_MS }).toBe(0);
    await forget([listener]);
  });

  it('the checker reports each violation', async () => {
    const listener = await listen('/proof');
    const job = await pendingDeliveries.add([listener.id]);
    await atRest([listener], [job]);
    const good = evidenceOf([listener], [job]);
    const [seen] = good.arrivals as [Arrival];
    const found = async (change: Partial<WebhookEvidence>) => (await webhookViolations({ ...good, ...change })).join();
    expect(await found({ arrivals: [] })).toMatch(/I3 .*never received/);
    expect(await found({ arrivals: [seen, { ...seen, id: 'msg_other' }] })).toMatch(/I3 .*another id/);
    expect(await found({ arrivals: [seen, { ...seen, raw: `${seen.raw} ` }] })).toMatch(
      /I3 .*bytes differ.*not verify/,
    );
    expect(await found({ arrivals: [seen], jobs: [] })).toMatch(/I7/);
    const other = await listen('/other');
    expect(await found({ listeners: [listener, other] })).toMatch(/I3 .*neither delivered/);
    await pendingDeliveries.ledger.jobs.markers.owe({
      tenant: good.tenant,
      job: good.jobs[0]!,
      generation: 1,
      endpoint: other.id,
    });
    expect(await found({ listeners: [other] })).toMatch(/I6 .*still pending/);
    await forget([listener, other]);
  });
});
