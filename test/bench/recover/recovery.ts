/** One recovery: an empty private Redis, a ledger with pending jobs, and the worker's own scan over it. */
import { systemClock } from '@cardseal/base/clock';
import { silentLog } from '@cardseal/core/log';
import { createMetrics } from '@cardseal/core/metrics';
import { connectRedis, createJobQueue } from '@cardseal/core/queue';
import { createReconciler } from '../../../apps/worker/src/background/reconcile/reconciler.ts';
import { createRedisInstance } from '../../../apps/worker/src/background/reconcile/redis-instance.ts';
import type { WorkerContext } from '../../../apps/worker/src/context.ts';
import { startPrivateRedis } from '../deliver/private-redis.ts';
import { endlessStore } from './endless-store.ts';

export interface Recovered {
  pending: number;
  requeued: number;
  walkS: number;
  perSecond: number;
  /** A second scan over the same markers, when Redis has all jobs. */
  againS: number;
  getsPerCard: number;
  lists: number;
  /** Resident memory at each tenth of the restoring scan. */
  rssMb: number[];
  redisMb: number;
}

const PREFIX = '{cardseal}';
const SAMPLE_MS = 100;

export async function recoverOnce(pending: number): Promise<Recovered> {
  const server = await startPrivateRedis();
  const connection = connectRedis(server.url, 'producer');
  await new Promise((resolve) => connection.once('ready', resolve));
  const { ledger, requests } = endlessStore(pending);
  const jobQueue = createJobQueue(connection, PREFIX);
  const config = { RECONCILE_INTERVAL_MS: 60_000, QUEUE_PREFIX: PREFIX };
  const parts = { ledger, jobQueue, config, clock: systemClock, log: silentLog, metrics: createMetrics('worker') };
  const reconciler = createReconciler(parts as unknown as WorkerContext, createRedisInstance(connection, PREFIX));
  const queued = () => server.redis.zcard(`${PREFIX}:recognize:prioritized`);
  try {
    const samples: [share: number, mb: number][] = [];
    const sample = async () => samples.push([(await queued()) / pending, rssMb()]);
    await sample();
    const watch = setInterval(() => void sample(), SAMPLE_MS);
    const walkS = await timed(() => reconciler.walk());
    clearInterval(watch);
    await sample();
    const { get, list } = requests;
    const againS = await timed(() => reconciler.walk());
    const memory = /used_memory:(\d+)/.exec(await server.redis.info('memory'))![1];
    return {
      pending,
      requeued: await queued(),
      walkS,
      perSecond: pending / walkS,
      againS,
      getsPerCard: get / pending,
      lists: list,
      rssMb: tenths(samples),
      redisMb: Math.round(Number(memory) / 2 ** 20),
    };
  } finally {
    await jobQueue.close();
    connection.disconnect();
    await server.stop();
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return (performance.now() - startedMs) / 1000;
}

function rssMb(): number {
  return Math.round(process.memoryUsage.rss() / 2 ** 20);
}

/** The first sample at or after each tenth. */
function tenths(samples: readonly [share: number, mb: number][]): number[] {
  return Array.from({ length: 11 }, (_, at) => (samples.find(([share]) => share >= at / 10) ?? samples.at(-1)!)[1]);
}
