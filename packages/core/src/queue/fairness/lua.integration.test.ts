import { Queue, Worker } from 'bullmq';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type PrivateRedis, startPrivateRedis } from '../../../../pacer/src/redis-for-tests.ts';
import { createFairShares, type FairShares, type Placement } from './fair-shares.ts';
import { BAND, type JobClass, MOVE_AT, newShares, place, start } from './shares.ts';

const PREFIX = '{test}';
const key = (name: string) => `${PREFIX}:recognize:${name}`;

let server: PrivateRedis;
let shares: FairShares;
beforeAll(async () => {
  server = await startPrivateRedis(['--appendonly', 'no']);
  shares = createFairShares(server.redis, PREFIX, 0);
});
afterAll(() => server.stop());
beforeEach(() => server.redis.flushall());

function placement(id: string, cardClass: JobClass, tenant: string, weight = 1, calls = 1): Placement {
  return { id, cardClass, tenant, weight, calls };
}

/** What BullMQ writes that matters here. */
async function enqueue(id: string, priority: number): Promise<void> {
  await server.redis.hset(key(id), 'priority', priority);
  await server.redis.zadd(key('prioritized'), priority * 2 ** 32 + Number(id.slice(1)), id);
}

async function takeFirst(): Promise<string | undefined> {
  return (await server.redis.zpopmin(key('prioritized')))[0];
}

describe('the shares in Redis', () => {
  it('give the same answers as the model on the same histories', async () => {
    const event = fc.oneof(
      fc.record({
        kind: fc.constant('add' as const),
        tenant: fc.constantFrom('a', 'b', 'c'),
        cardClass: fc.constantFrom<JobClass>('interactive', 'interactive', 'bulk'),
        weight: fc.constantFrom(1, 3, 0.7),
        calls: fc.constantFrom(1, 2),
      }),
      fc.record({ kind: fc.constant('start' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 60 }), async (events) => {
        await server.redis.flushall();
        const model = newShares();
        const waiting: { id: string; priority: number }[] = [];
        let sequence = 0;
        for (const it of events) {
          if (it.kind === 'add') {
            const id = `j${sequence++}`;
            const priority = place(model, it.cardClass, it.tenant, it.calls / it.weight);
            const [real] = await shares.place([placement(id, it.cardClass, it.tenant, it.weight, it.calls)]);
            expect(real).toBe(priority);
            await enqueue(id, priority);
            waiting.push({ id, priority });
            waiting.sort((x, y) => x.priority - y.priority || Number(x.id.slice(1)) - Number(y.id.slice(1)));
          } else if (waiting.length > 0) {
            const next = waiting.shift()!;
            expect(await takeFirst()).toBe(next.id);
            await shares.started(next.id);
            const bulk = waiting.findIndex(({ priority }) => priority >= BAND.bulk);
            if (start(model, next.priority, bulk >= 0)) waiting.unshift(...waiting.splice(bulk, 1));
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('a card that is there already keeps its place and costs its tenant nothing', async () => {
    const [first] = await shares.place([placement('j1', 'interactive', 'a')]);
    await enqueue('j1', first!);
    const again = await shares.place([placement('j1', 'interactive', 'a'), placement('j2', 'interactive', 'a')]);
    expect(again).toEqual([first, first! + 1]);
  });

  it('moves the axis without a change of order, also for active and delayed jobs', async () => {
    await server.redis.hset(`${PREFIX}:shares`, 'interactive:v', MOVE_AT - 1);
    const ids = Array.from({ length: 2500 }, (_, at) => `j${at}`);
    const priorities = await shares.place(ids.map((id, at) => placement(id, 'interactive', `t${at % 7}`)));
    for (const [at, id] of ids.entries()) await enqueue(id, priorities[at]!);
    await server.redis.hset(key('x1'), 'priority', BAND.interactive + MOVE_AT - 5);
    await server.redis.lpush(key('active'), 'x1');
    await server.redis.hset(key('x2'), 'priority', BAND.interactive + MOVE_AT + 40);
    await server.redis.zadd(key('delayed'), 1, 'x2');
    const before = await server.redis.zrange(key('prioritized'), '0', '-1');
    await server.redis.hset(`${PREFIX}:shares`, 'interactive:v', MOVE_AT);

    await shares.place([placement('j9999', 'interactive', 'z')]);
    await expect.poll(() => server.redis.hget(`${PREFIX}:shares`, 'interactive:v')).toBe('1');
    await expect.poll(() => server.redis.hget(`${PREFIX}:shares`, 'interactive:move')).toBe(null);

    expect(await server.redis.zrange(key('prioritized'), '0', '-1')).toEqual(before);
    expect(await server.redis.hget(key('j0'), 'priority')).toBe(String(BAND.interactive + 1));
    expect(await server.redis.hget(key('x1'), 'priority')).toBe(String(BAND.interactive));
    expect(await server.redis.hget(key('x2'), 'priority')).toBe(String(BAND.interactive + 41));
    expect(await shares.place([placement('j10000', 'interactive', 'new')])).toEqual([BAND.interactive + 2]);
  });

  it('with the real queue: a worker takes the job in front next, and a read returns the rank', async () => {
    const connection = server.redis;
    const queue = new Queue('recognize', { connection, prefix: PREFIX });
    const cards = [
      ...Array.from({ length: 12 }, (_, at) => placement(`i${at}`, 'interactive', 'a')),
      placement('b0', 'bulk', 'a'),
    ];
    const priorities = await shares.place(cards);
    await queue.addBulk(
      cards.map(({ id }, at) => ({ name: 'card', data: {}, opts: { jobId: id, priority: priorities[at]! } })),
    );
    expect(await shares.look('i3')).toMatchObject({ interactiveWaiting: 12, allWaiting: 13, rank: 3, callsPerCard: 1 });
    expect(await shares.before('interactive', 'other', 1)).toBe(1);
    const order: string[] = [];
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const worker = new Worker(
      'recognize',
      async (job) => {
        await shares.started(job.id!);
        order.push(job.id!);
        if (order.length === cards.length) resolve();
      },
      { connection: connection.duplicate(), prefix: PREFIX },
    );
    await done;
    await worker.close();
    await queue.close();
    // A worker took the tenth before the start of the ninth was recorded. From then on the bulk job is first.
    expect(order.indexOf('b0')).toBeGreaterThanOrEqual(9);
    expect(order.indexOf('b0')).toBeLessThanOrEqual(10);
  });
});
