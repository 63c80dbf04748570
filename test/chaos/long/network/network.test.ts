/**
 * Bad connections between workers and the upstream, and between all processes and Redis: deadlines hold, and work
 * continues.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, type RedisServer, startRedis } from '@cardseal/dev';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness, WORKER_CONCURRENCY } from '../../harness/index.ts';
import { type ProxyMode, startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

const CARDS = 12;
const BAD_MS = 4000;
const DEADLINE_MS = 2500;
const RECOVERY_MS = 120_000;
const BOTH = 2 * WORKER_CONCURRENCY;
/** While every response breaks, a job is retried after at least 0.5, 1 and 2 s: four calls during the fault. */
const ALL_BROKEN = 4 * CARDS;

describe('bad connections', () => {
  let dataDir: string;
  let redis: RedisServer;
  let redisProxy: TcpProxy;
  let upstreamProxy: TcpProxy;
  let harness: Harness;
  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'cardseal-network-'));
    redis = await startRedis({ dataDir });
    const emulator = await freePort();
    [redisProxy, upstreamProxy] = await Promise.all([startTcpProxy(redis.port), startTcpProxy(emulator)]);
    harness = await startHarness({
      seed: 801,
      redisUrl: redis.url,
      ports: { emulator },
      apps: {
        REDIS_URL: redis.url.replace(`:${redis.port}/`, `:${redisProxy.port}/`),
        BAIDU_BASE_URL: `http://127.0.0.1:${upstreamProxy.port}`,
        UPSTREAM_DEADLINE_MS: String(DEADLINE_MS),
      },
    });
  });
  afterAll(async () => {
    await harness?.stop();
    await Promise.all([redisProxy?.stop(), upstreamProxy?.stop(), redis?.stop()]);
    await rm(dataDir, { recursive: true, force: true });
  });

  async function under(kind: string, proxy: TcpProxy, mode: ProxyMode): Promise<void> {
    const cutCalls = proxy === upstreamProxy && mode === 'reset' ? ALL_BROKEN : BOTH;
    const incident = { kind, cutCalls, fails: ['upstream_'] };
    const load = await harness.during(incident, async () => {
      const first = harness.submitMany(CARDS);
      proxy.behave(mode);
      await delay(BAD_MS);
      proxy.behave('pass');
      return first;
    });
    expect(load).toHaveLength(CARDS);
    await harness.settle(RECOVERY_MS);
    expect(await harness.check()).toEqual([]);
  }

  it.each<ProxyMode>(['drip', 'hang', 'reset', 'dead'])('upstream: %s', async (mode) => {
    await under(`upstream ${mode}`, upstreamProxy, mode);
    const calls = (await harness.evidence()).calls.length;
    expect(calls).toBeGreaterThan(0);
  });

  it.each<ProxyMode>(['drip', 'hang', 'reset'])('Redis: %s', (mode) => under(`redis ${mode}`, redisProxy, mode));

  it('Redis: clients detect half-open sockets without a restart', async () => {
    const pids = [...harness.app.stack.info.pids.workers];
    await under('redis half-open', redisProxy, 'dead');
    expect(harness.app.stack.info.pids.workers).toEqual(pids);
  });
});
