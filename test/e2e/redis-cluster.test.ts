/** The way of a card over a Redis Cluster of three masters: all that one server does, a cluster does. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generateSpecimens } from '@cardseal/emulator/cards';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.ts';
import { startTestStack, startWebhookSink, type TestStack, type WebhookSink } from '../support/stack.ts';
import { expectTruth } from '../support/truth.ts';

const CARDS = 20;

describe('a cluster of three masters', () => {
  let dataDir: string;
  let cluster: RedisCluster;
  let app: TestStack;
  let sink: WebhookSink;
  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'cardseal-cluster-'));
    cluster = await startRedisCluster(dataDir);
    [app, sink] = await Promise.all([
      startTestStack({ workers: 2, redisUrl: cluster.url, apps: { REDIS_CLUSTER_NODES: cluster.nodes } }),
      startWebhookSink(),
    ]);
    const { body } = await app.call('POST', '/v1/webhook-endpoints', {
      body: JSON.stringify({ url: sink.url }),
      headers: { 'content-type': 'application/json' },
    });
    sink.verifyWith(body.secret);
  });
  afterAll(async () => {
    await app?.stop();
    await Promise.all([sink?.stop(), cluster?.stop()]);
    await rm(dataDir, { recursive: true, force: true });
  });

  it('recognises and delivers, each card once', async () => {
    const specimens = await Array.fromAsync(generateSpecimens({ count: CARDS, seed: 23, scale: 0.7 }));
    await Promise.all(
      specimens.map(async ({ front, back, truth }) => {
        const { id } = await app.submit({ front, back });
        expectTruth(await app.finished(id), truth);
        expect(await sink.events(id)).toHaveLength(1);
      }),
    );
    const stats = await app.stats();
    expect(stats.accepted).toBe(2 * CARDS);
    expect(stats.duplicates_by_image).toBe(0);
  });

  it('a failed card is tried again', async () => {
    const [specimen] = await Array.fromAsync(generateSpecimens({ count: 1, seed: 24, scale: 0.7 }));
    await app.control('PUT', { faults: [{ kind: 'error', code: 282_003, rate: 1 }] });
    const { id } = await app.submit({ front: specimen!.front });
    expect(await app.finished(id)).toMatchObject({ state: 'failed' });
    await app.control('DELETE');
    expect(await app.call('POST', `/v1/jobs/${id}/retry`)).toMatchObject({ status: 202 });
    expect(await app.finished(id)).toMatchObject({ state: 'succeeded', generation: 2 });
  });
});
