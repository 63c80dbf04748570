import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type PrivateRedis, startPrivateRedis } from '../../../pacer/src/redis-for-tests.ts';
import { createWorkerBoard } from './worker-board.ts';

const NOW = 1_000_000_000;
const POOL = { credentials: [], afterPermitMs: 0 };

let server: PrivateRedis;
beforeAll(async () => {
  server = await startPrivateRedis(['--appendonly', 'no']);
});
beforeEach(() => server.redis.flushall());
afterAll(() => server.stop());

const counts = async (atMs = NOW) => {
  const board = createWorkerBoard(server.redis, '{test}');
  return { starting: await board.starting(atMs), alive: await board.alive(atMs) };
};

it('counts a worker as starting from its announcement until its first report', async () => {
  const board = createWorkerBoard(server.redis, '{test}');
  expect(await counts()).toEqual({ starting: 0, alive: 0 });
  await board.announce('a', NOW);
  await board.announce('b', NOW);
  expect(await counts()).toEqual({ starting: 2, alive: 0 });
  await board.beat('a', NOW, POOL);
  expect(await counts()).toEqual({ starting: 1, alive: 1 });
});

it('forgets the announcement of a worker that stopped, or that did not report within a minute', async () => {
  const board = createWorkerBoard(server.redis, '{test}');
  await board.announce('a', NOW);
  await board.leave('a');
  expect(await counts()).toEqual({ starting: 0, alive: 0 });
  await board.announce('b', NOW);
  expect(await counts(NOW + 60_001)).toEqual({ starting: 0, alive: 0 });
});
