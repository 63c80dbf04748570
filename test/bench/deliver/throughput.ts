/**
 * Measures webhooks per second of one real worker with the double as its store, and the memory of thousands of
 * endpoints.
 */
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { createPendingDeliveries } from '../../support/pending-deliveries.ts';
import { startTestStack } from '../../support/stack.ts';
import { startReceiver } from '../../support/webhook-receiver.ts';

const AT_ONCE = 64;

export interface Throughput {
  webhooks: number;
  endpoints: number;
  webhooksPerSecond: number;
  redisMiB: number;
  workerMiB: number;
}

export async function measureThroughput(webhooks: number, endpoints: number): Promise<Throughput> {
  const [app, receiver] = await Promise.all([
    startTestStack({ workers: 1, env: { LOG_LEVEL: 'warn', RECONCILE_INTERVAL_MS: '3600000' } }),
    startReceiver(),
  ]);
  const pendingDeliveries = createPendingDeliveries(app);
  const redis = new Redis(app.stack.info.redisUrl);
  try {
    const before = await memory(redis, app.stack.child('worker-1').pid);
    const ids = await inTurns(
      endpoints,
      async (n) => (await pendingDeliveries.endpoint(receiver.url(`/${n % 200}`))).id,
    );
    const refs = (await inTurns(webhooks, (n) => pendingDeliveries.decide([ids[n % ids.length]!]))).flat();
    const startedMs = performance.now();
    await pendingDeliveries.enqueue(refs);
    await receiver.next(() => true, webhooks);
    const seconds = (performance.now() - startedMs) / 1000;
    const after = await memory(redis, app.stack.child('worker-1').pid);
    return {
      webhooks,
      endpoints,
      webhooksPerSecond: webhooks / seconds,
      redisMiB: after.redisMiB - before.redisMiB,
      workerMiB: after.workerMiB - before.workerMiB,
    };
  } finally {
    redis.disconnect();
    await pendingDeliveries.close();
    await app.stop();
    await receiver.stop();
  }
}

async function memory(redis: Redis, pid: number) {
  const used = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
  const rssKiB = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return { redisMiB: used / 2 ** 20, workerMiB: rssKiB / 1024 };
}

async function inTurns<T>(count: number, work: (n: number) => Promise<T>): Promise<T[]> {
  const results: T[] = new Array(count);
  let next = 0;
  const one = async () => {
    for (let n = next++; n < count; n = next++) results[n] = await work(n);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return results;
}
