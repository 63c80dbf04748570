/** What a drill is held on: the whole stack with three credentials, two consumers, a Redis of ours, and a Prometheus. */
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

export interface Scene {
  app: TestStack;
  admin: AdminClient;
  pool: Pool;
  /** One that is well throughout, one that will be away. */
  steady: Consumer;
  faltering: Consumer;
  prometheus: Prometheus;
  failpointsDir: string;
  /** Ends Redis; what it returns starts it again with what it had written. */
  stopRedis(): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

export async function openScene({ shorten }: { shorten: number | null }): Promise<Scene> {
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
      // A death is noticed within one and a half of these; nobody wants to watch for minutes.
      LOCK_DURATION_MS: '6000',
      RECONCILE_INTERVAL_MS: '5000',
      SHUTDOWN_GRACE_MS: '12000',
    },
  });
  const [steady, faltering] = [await startConsumer(app), await startConsumer(app)];
  const prometheus = await startPrometheus(dataDir, shorten);
  return {
    app,
    admin: await loginAdmin(app.stack.info),
    pool,
    steady,
    faltering,
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
      await Promise.all([steady.stop(), faltering.stop()]);
      for (const folder of [dataDir, failpointsDir]) await rm(folder, { recursive: true, force: true });
    },
  };
}
