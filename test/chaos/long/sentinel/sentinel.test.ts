/** Redis with Sentinel loses its master under load: the replica is promoted, and no accepted job is lost. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness, WORKER_CONCURRENCY } from '../../harness/index.ts';
import { startWatchedRedis, type WatchedRedis } from './watched-redis.ts';

const RECOVERY_MS = 60_000;

describe('Redis with Sentinel', () => {
  let dataDir: string;
  let watched: WatchedRedis;
  let harness: Harness;
  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'cardseal-sentinel-'));
    watched = await startWatchedRedis(dataDir);
    harness = await startHarness({
      seed: 901,
      tenants: 2,
      redisUrl: watched.url,
      redis: watched.client(),
      apps: { REDIS_URL: watched.url, REDIS_SENTINELS: watched.sentinels },
    });
  });
  afterAll(async () => {
    await harness?.stop();
    await watched?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('is promoted under load, and the checker finds nothing', async () => {
    await harness.submitMany(10);
    await harness.during({ kind: 'redis promoted', cutCalls: 2 * WORKER_CONCURRENCY }, async () => {
      const load = harness.submitMany(40);
      await watched.failOver();
      await load;
      await Promise.all((await harness.submitMany(10)).map(({ id }) => harness.inbox.event(id)));
    });
    await harness.settle(RECOVERY_MS);
    expect(await harness.check()).toEqual([]);
  });
});
