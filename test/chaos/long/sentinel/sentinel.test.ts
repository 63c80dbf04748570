/** A watched Redis loses its master under load: the replica takes over, and nothing accepted is lost. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Night, ON_A_WIRE, startNight } from '../../harness/index.ts';
import { startWatchedRedis, type WatchedRedis } from './watched-redis.ts';

const RECOVERY_MS = 60_000;

describe('a watched Redis', () => {
  let dataDir: string;
  let watched: WatchedRedis;
  let night: Night;
  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'cardseal-sentinel-'));
    watched = await startWatchedRedis(dataDir);
    night = await startNight({
      seed: 901,
      tenants: 2,
      redisUrl: watched.url,
      redis: watched.client(),
      apps: { REDIS_URL: watched.url, REDIS_SENTINELS: watched.sentinels },
    });
  });
  afterAll(async () => {
    await night?.stop();
    await watched?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('promotes under load, and the checker finds nothing', async () => {
    await night.submitMany(10);
    await night.during({ kind: 'redis promoted', wires: 2 * ON_A_WIRE }, async () => {
      const load = night.submitMany(40);
      await watched.failOver();
      await load;
      await Promise.all((await night.submitMany(10)).map(({ id }) => night.inbox.event(id)));
    });
    await night.quiet(RECOVERY_MS);
    expect(await night.check()).toEqual([]);
  });
});
