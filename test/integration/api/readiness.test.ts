/** `/readyz` with a hanging Redis: its socket is open, and it sends nothing. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type RedisServer, startRedis } from '@cardseal/dev';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestApi, type TestApi } from '../../support/api.ts';

describe('readiness with a hanging Redis', () => {
  let folder: string;
  let redis: RedisServer;
  let api: TestApi;
  const readyz = () => api.call('GET', '/readyz');
  const redisSaid = async () => (await readyz()).body.redis;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'cardseal-readiness-'));
    redis = await startRedis({ dataDir: folder });
    api = await startTestApi({ redisUrl: redis.url });
    await vi.waitFor(async () => expect(await redisSaid()).toBe('ok'), { timeout: 10_000 });
  });
  afterAll(async () => {
    process.kill(redis.pid, 'SIGCONT');
    await api?.stop();
    await redis?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('is given, and says that Redis is away, from the first question on', async () => {
    process.kill(redis.pid, 'SIGSTOP');
    const startedMs = performance.now();
    const { status, body } = await readyz();
    expect([status, body]).toEqual([200, { status: 'ok', redis: 'away' }]);
    // A probe times out after three seconds, as in the manifests.
    expect(performance.now() - startedMs).toBeLessThan(3000);
  });

  it('reports it as long as Redis hangs, also after a reconnect', {
    timeout: 60_000,
  }, async () => {
    const untilMs = performance.now() + 12_000;
    while (performance.now() < untilMs) {
      const { status, body } = await readyz();
      expect([status, body.redis]).toEqual([200, 'away']);
    }
  });

  it('says that it is back when it answers', { timeout: 30_000 }, async () => {
    process.kill(redis.pid, 'SIGCONT');
    await expect.poll(redisSaid, { timeout: 20_000 }).toBe('ok');
  });
});
