import { generateSpecimens, type Specimen } from '@cardseal/emulator/cards';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestStack, type TestStack } from '../support/stack.ts';
import {
  type Arrival,
  answer,
  type Receiver,
  seenOf,
  startReceiver,
  verifyTwice,
} from '../support/webhook-receiver.ts';

const DEADLINE_MS = 1500;
const DRIP_MS = 50;

describe('receivers with bad manners, and our own deaths while they are told', () => {
  let app: TestStack;
  let receiver: Receiver;
  let specimen: Specimen;
  beforeAll(async () => {
    [app, receiver] = await Promise.all([
      startTestStack({
        workers: 2,
        env: { LOCK_DURATION_MS: '5000', RECONCILE_INTERVAL_MS: '2000', WEBHOOK_DEADLINE_MS: String(DEADLINE_MS) },
      }),
      startReceiver(),
    ]);
    for await (const one of generateSpecimens({ count: 1, seed: 72, scenario: 'good' })) specimen = one;
  });
  afterAll(async () => {
    await app?.stop();
    await receiver?.stop();
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

  it('a drip, a body without end, a redirect and a reset are classed, cut off in time, and never followed', async () => {
    const timers = new Set<NodeJS.Timeout>();
    const every = (work: () => void) => timers.add(setInterval(work, DRIP_MS));
    receiver.behave('/drip', (response) => {
      response.writeHead(200);
      every(() => response.write('.'));
    });
    receiver.behave('/endless', (response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(16 * 1024)));
      };
      response.on('drain', more);
      more();
    });
    receiver.behave('/redirect', answer(307, { location: receiver.url('/trap') }));
    receiver.behave('/reset', (response) => void response.socket?.resetAndDestroy());
    const paths = ['/drip', '/endless', '/redirect', '/reset', '/good'] as const;
    const endpoints = Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await register(path)])));
    const { id } = await app.submit(specimen);
    const expected = { '/drip': 'timeout', '/endless': 'delivered', '/redirect': 'redirect', '/reset': 'connection' };
    for (const [path, wanted] of Object.entries(expected)) {
      await expect
        .poll(async () => (await delivery(id, endpoints[path].id)).entries?.[0], { timeout: 15_000 })
        .toMatchObject({ class: wanted });
      const [first] = (await delivery(id, endpoints[path].id)).entries;
      expect(first.latency_ms).toBeLessThan(DEADLINE_MS + 500);
    }
    await receiver.next(at('/good', id));
    expect(receiver.arrivals.some(({ path }) => path === '/trap')).toBe(false);
    for (const timer of timers) clearInterval(timer);
    await Promise.all(paths.map((path) => remove(endpoints[path].id)));
  });

  it('a worker killed between send and record sends again: same id, same bytes, and no try of it is lost', async () => {
    const endpoint = await register('/killed', { payload: 'full' });
    let victims = 0;
    // The answer is never given: the worker that waits for it dies with the try unrecorded.
    receiver.behave('/killed', (response) => {
      if (victims++ > 0) return void response.writeHead(204).end();
      for (const name of ['worker-1', 'worker-2']) process.kill(app.stack.child(name).pid, 'SIGKILL');
    });
    const { id } = await app.submit(specimen);
    const both = await receiver.next(at('/killed', id), 2);
    expect(seenOf(both)).toMatchObject({ ids: { size: 1 }, bodies: { size: 1 } });
    for (const one of both) verifyTwice(one, endpoint.secret);
    await expect.poll(async () => (await delivery(id, endpoint.id)).state, { timeout: 10_000 }).toBe('delivered');
    await remove(endpoint.id);
  });

  it('Redis emptied with deliveries owed: all of them arrive, holds included', async () => {
    const [endpoint, held] = [await register('/flushed'), await register('/held')];
    receiver.behave('/flushed', answer(500));
    receiver.behave('/held', answer(503, { 'retry-after': '8' }));
    const jobs = await Promise.all(Array.from({ length: 5 }, async () => (await app.submit(specimen)).id as string));
    await Promise.all(jobs.map((id) => receiver.next(at('/flushed', id))));
    await receiver.next(({ path }) => path === '/held');
    const [first] = receiver.arrivals.filter(({ path }) => path === '/held');
    receiver.behave('/flushed', answer(204));
    receiver.behave('/held', answer(204));
    // The hold must be on record before it can come back.
    await expect
      .poll(async () => (await delivery(first!.event.data.id, held.id)).entries?.length ?? 0, { timeout: 5000 })
      .toBeGreaterThan(0);
    const redis = new Redis(app.stack.info.redisUrl);
    await redis.flushall();
    redis.disconnect();
    for (const id of jobs) {
      const seen = await receiver.next(at('/flushed', id), 2);
      expect(seenOf(seen)).toMatchObject({ ids: { size: 1 }, bodies: { size: 1 } });
      const [last] = (await receiver.next(at('/held', id), 1)).slice(-1);
      expect(last).toBeDefined();
    }
    await Promise.all([remove(endpoint.id), remove(held.id)]);
  });
});
