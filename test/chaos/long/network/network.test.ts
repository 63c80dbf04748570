/** Bad wires between workers and the upstream, and between everyone and Redis: deadlines hold, and work goes on. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, type RedisServer, startRedis } from '@cardseal/dev';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Night, ON_A_WIRE, startNight } from '../../harness/index.ts';
import { type Manner, startWire, type Wire } from './tcp-proxy.ts';

const CARDS = 12;
const BAD_MS = 4000;
const DEADLINE_MS = 2500;
const RECOVERY_MS = 120_000;
const BOTH = 2 * ON_A_WIRE;
/** While every answer breaks, a card comes back after at least 0.5, 1 and 2 s: four calls in the bad time. */
const ALL_BROKEN = 4 * CARDS;

describe('bad wires', () => {
  let dataDir: string;
  let redis: RedisServer;
  let toRedis: Wire;
  let toUpstream: Wire;
  let night: Night;
  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'cardseal-wires-'));
    redis = await startRedis({ dataDir });
    const emulator = await freePort();
    [toRedis, toUpstream] = await Promise.all([startWire(redis.port), startWire(emulator)]);
    night = await startNight({
      seed: 801,
      redisUrl: redis.url,
      ports: { emulator },
      apps: {
        REDIS_URL: redis.url.replace(`:${redis.port}/`, `:${toRedis.port}/`),
        BAIDU_BASE_URL: `http://127.0.0.1:${toUpstream.port}`,
        UPSTREAM_DEADLINE_MS: String(DEADLINE_MS),
      },
    });
  });
  afterAll(async () => {
    await night?.stop();
    await Promise.all([toRedis?.stop(), toUpstream?.stop(), redis?.stop()]);
    await rm(dataDir, { recursive: true, force: true });
  });

  async function under(kind: string, wire: Wire, manner: Manner): Promise<void> {
    const wires = wire === toUpstream && manner === 'reset' ? ALL_BROKEN : BOTH;
    const incident = { kind, wires, fails: ['upstream_'] };
    const load = await night.during(incident, async () => {
      const first = night.submitMany(CARDS);
      wire.behave(manner);
      await delay(BAD_MS);
      wire.behave('pass');
      return first;
    });
    expect(load).toHaveLength(CARDS);
    await night.quiet(RECOVERY_MS);
    expect(await night.check()).toEqual([]);
  }

  it.each<Manner>(['drip', 'hang', 'reset', 'dead'])('upstream: %s', async (manner) => {
    await under(`upstream ${manner}`, toUpstream, manner);
    const calls = (await night.evidence()).calls.length;
    expect(calls).toBeGreaterThan(0);
  });

  it.each<Manner>(['drip', 'hang', 'reset'])('Redis: %s', (manner) => under(`redis ${manner}`, toRedis, manner));

  it('Redis: half-open sockets are noticed, and nobody has to restart anything', async () => {
    const pids = [...night.app.stack.info.pids.workers];
    await under('redis half-open', toRedis, 'dead');
    expect(night.app.stack.info.pids.workers).toEqual(pids);
  });
});
