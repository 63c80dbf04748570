/**
 * The environment of a drill: the whole stack with three credentials, two consumers, a private Redis and a Prometheus.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type RedisServer, startRedis } from '@cardseal/dev';
import { type AdminClient, loginAdmin } from '../../support/admin.ts';
import { startTestStack, type TestStack } from '../../support/stack.ts';
import { type Consumer, startConsumer } from './consumer.ts';
import { makePool, type Pool } from './credential-pool.ts';
import { type Prometheus, startPrometheus } from './prometheus.ts';

export const WORKERS = ['worker-1', 'worker-2'];
const QPS = 10;

export interface DrillEnvironment {
  app: TestStack;
  admin: AdminClient;
  pool: Pool;
  /** One consumer is always available; the other will be away. */
  steady: Consumer;
  failing: Consumer;
  prometheus: Prometheus;
  failpointsDir: string;
  /** Stops Redis and returns a function that restarts it with its persisted data. */
  stopRedis(): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

export async function startEnvironment({ shorten }: { shorten: number | null }): Promise<DrillEnvironment> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'cardseal-drill-'));
  const failpointsDir = await mkdtemp(path.join(tmpdir(), 'cardseal-failpoints-'));
  const redisDir = path.join(dataDir, 'redis');
  const pool = await makePool(dataDir, QPS);
  let redis: RedisServer = await startRedis({ dataDir: redisDir });
  const app = await startTestStack({
    dataDir,
    redisUrl: redis.url,
    workers: WORKERS.length,
    baiduQps: QPS,
    apps: { BAIDU_CREDENTIALS_FILE: pool.file },
    env: {
      LOG_LEVEL: 'info',
      METRICS_PORT: '0',
      FAILPOINTS_DIR: failpointsDir,
      // Workers notice a crash within 1.5 × this time; a short lock keeps the drill short.
      LOCK_DURATION_MS: '6000',
      RECONCILE_INTERVAL_MS: '5000',
      SHUTDOWN_GRACE_MS: '12000',
    },
  });
  const [steady, failing] = [await startConsumer(app), await startConsumer(app)];
  const prometheus = await startPrometheus(dataDir, shorten);
  return {
    app,
    admin: await loginAdmin(app.stack.info),
    pool,
    steady,
    failing,
    prometheus,
    failpointsDir,
    async stopRedis() {
      const { port } = redis;
      await redis.stop();
      return async () => {
        redis = await startRedis({ dataDir: redisDir, port });
      };
    },
    async stop() {
      await prometheus.stop();
      await app.stop({ keep: true });
      await redis.stop();
      await Promise.all([steady.stop(), failing.stop()]);
      for (const folder of [dataDir, failpointsDir]) await rm(folder, { recursive: true, force: true });
    },
  };
}
