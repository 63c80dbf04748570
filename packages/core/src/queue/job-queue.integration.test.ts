import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PrivateRedis, startPrivateRedis } from '../../../pacer/src/redis-for-tests.ts';
import { newJobId } from '../job/index.ts';
import { createJobChanges, type JobChange } from './changes.ts';
import { connectRedis } from './connection.ts';
import { type Card, createJobQueue } from './job-queue.ts';
import { changedChannel } from './names.ts';

let server: PrivateRedis;
beforeAll(async () => {
  server = await startPrivateRedis(['--appendonly', 'no']);
});
afterAll(() => server.stop());

async function setUp(weights: Record<string, number> = {}) {
  await server.redis.flushall();
  const redis = connectRedis(`redis://127.0.0.1:${server.port}`, 'producer');
  await new Promise<void>((resolve) => redis.once('ready', resolve));
  const jobQueue = createJobQueue(redis, '{test}', { weightOf: async (tenant) => weights[tenant] ?? 1 });
  await jobQueue.queues().recognize.waitUntilReady();
  const stop = async () => {
    await jobQueue.close();
    redis.disconnect();
  };
  return { jobQueue, stop };
}

const card = (tenant: string, priority: Card['priority'] = 'interactive', calls = 1): Card => ({
  tenant,
  job: newJobId(Date.now()),
  generation: 1,
  priority,
  calls,
});

describe('cards on the jobQueue', () => {
  it('are in the order of shares: a late tenant, weights, sides and bulk', async () => {
    const { jobQueue, stop } = await setUp({ heavy: 3 });
    const cards = [
      ...Array.from({ length: 4 }, () => card('bulky', 'bulk')),
      ...Array.from({ length: 4 }, () => card('first')),
      ...Array.from({ length: 2 }, () => card('two-sided', 'interactive', 2)),
      ...Array.from({ length: 6 }, () => card('heavy')),
    ];
    await jobQueue.addCards(cards);
    const owners = new Map(cards.map(({ job, tenant }) => [`${job}-1`, tenant]));
    const order = (await server.redis.zrange('{test}:recognize:prioritized', '0', '-1')).map((id) => owners.get(id));
    const rank = (tenant: string) => order.flatMap((owner, at) => (owner === tenant ? [at] : []));
    expect(rank('bulky')).toEqual([12, 13, 14, 15]);
    expect(order.slice(0, 6)).toEqual(['heavy', 'heavy', 'first', 'heavy', 'heavy', 'heavy']);
    expect(rank('two-sided')[0]).toBeGreaterThan(rank('first')[1]!);
    await stop();
  });

  it('are marked as restored when Redis had lost them, and only then', async () => {
    const { jobQueue, stop } = await setUp();
    const [known, restored] = [card('bank'), { ...card('bank'), restored: true }];
    await jobQueue.addCards([known, restored]);
    const told = async ({ job }: { job: string }) =>
      (await jobQueue.queues().recognize.getJob(`${job}-1`))!.data.restored;
    expect([await told(known), await told(restored)]).toEqual([undefined, true]);
    await stop();
  });

  it('three thousand are placed by twelve scripts, and adding them again changes nothing', async () => {
    const { jobQueue, stop } = await setUp();
    const cards = Array.from({ length: 3000 }, () => card('big'));
    await server.redis.config('RESETSTAT');
    await jobQueue.addCards(cards);
    const scripts = /cmdstat_eval(?:sha)?:calls=(\d+)/.exec(await server.redis.info('commandstats'));
    // BullMQ's own: one per card, in pipelines.
    expect(Number(scripts![1])).toBeLessThanOrEqual(3000 + 13);
    const before = await server.redis.zrange('{test}:recognize:prioritized', '0', '-1', 'WITHSCORES');
    await jobQueue.addCards(cards.toReversed());
    expect(await server.redis.zrange('{test}:recognize:prioritized', '0', '-1', 'WITHSCORES')).toEqual(before);
    expect(await jobQueue.shares.before('interactive', 'small', 1)).toBe(1);
    expect(await jobQueue.shares.before('interactive', 'big', 1)).toBe(3000);
    await stop();
  });

  it('are announced when they leave the queue, also when Redis has lost them', async () => {
    const { jobQueue, stop } = await setUp();
    const subscriber = connectRedis(`redis://127.0.0.1:${server.port}`, 'subscriber');
    const changes = createJobChanges(subscriber, '{test}');
    changes.start();
    while ((await server.redis.publish(changedChannel('{test}'), '')) === 0) await new Promise(setImmediate);
    const known = card('bank');
    const forgotten = card('bank');
    await jobQueue.addCards([known]);
    for (const { job } of [known, forgotten]) {
      const heard = Promise.withResolvers<JobChange>();
      changes.watch(job, heard.resolve);
      jobQueue.announceStarted(job, 1);
      expect(await heard.promise).toEqual({ job, generation: 1, state: 'recognizing', waitingFor: null });
    }
    changes.stop();
    subscriber.disconnect();
    await stop();
  });
});
