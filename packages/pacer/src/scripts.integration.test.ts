import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type PrivateRedis, startPrivateRedis } from './redis-for-tests.ts';
import { rulesFrom } from './rules.ts';
import { Scripts } from './scripts.ts';

let server: PrivateRedis;
beforeAll(async () => {
  server = await startPrivateRedis();
});
afterAll(() => server.stop());

const look = (scripts: Scripts) => scripts.run('look', ['{t:pacing}:a'], ['{"day":0}']);

it('a process that was blocked longer than the timeout reads the reply that has arrived, and is not cut off', async () => {
  const scripts = new Scripts(server.redis, 100, rulesFrom());
  await look(scripts);
  const asked = look(scripts);
  const outcome = asked.then(
    () => 'answered',
    (error) => error.code,
  );
  await turn();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  expect(await outcome).toBe('answered');
});

it('a Redis that does not answer is away after the time-out', async () => {
  const scripts = new Scripts(server.redis, 100, rulesFrom());
  await look(scripts);
  const other = server.redis.duplicate();
  await other.call('CLIENT', 'PAUSE', '400', 'ALL');
  await expect(look(scripts)).rejects.toMatchObject({ code: 'pacing_unavailable' });
  other.disconnect();
});
