/** One run over a real queue: a backlog of some tenants, a worker whose jobs take a fixed time, and a small tenant. */
import { newJobId } from '@cardseal/core/job';
import { connectRedis, createJobQueue, QUEUES, type RecognizeJob, recognizeJobId } from '@cardseal/core/queue';
import { Worker } from 'bullmq';

export interface RunOptions {
  redisUrl: string;
  mode: 'fair' | 'fifo';
  /** Jobs of each tenant except `small`, queued before the run. */
  backlog: number;
  workMs: number;
  concurrency: number;
  /** Jobs of the tenant `small`, one at a time during the backlog. */
  small: number;
  weights: Readonly<Record<string, number>>;
  /** Ends the run after this many jobs. */
  stopAfter?: number;
}

export interface RunResult {
  waitsMs: number[];
  served: Record<string, number>;
}

const PREFIX = '{bench}';

export async function runQueue(options: RunOptions): Promise<RunResult> {
  const { mode, weights, workMs, concurrency, stopAfter = Number.POSITIVE_INFINITY } = options;
  const producer = connectRedis(options.redisUrl, 'producer');
  await new Promise<void>((resolve) => producer.once('ready', resolve));
  // First come, first served: all jobs belong to one tenant.
  const jobQueue = createJobQueue(producer, PREFIX, { weightOf: async (tenant) => weights[tenant] ?? 1 });
  const line = (tenant: string) => (mode === 'fair' ? tenant : 'all');
  const owners = new Map<string, string>();
  const card = (tenant: string) => {
    const job = newJobId(Date.now());
    owners.set(job, tenant);
    return { tenant: line(tenant), job, generation: 1, priority: 'interactive' as const };
  };
  await jobQueue.queues().recognize.waitUntilReady();
  for (const tenant of Object.keys(weights).filter((name) => name !== 'small')) {
    await jobQueue.addCards(Array.from({ length: options.backlog }, () => card(tenant)));
  }

  const served: Record<string, number> = {};
  const ends = new Map<string, () => void>();
  const enough = Promise.withResolvers<void>();
  let count = 0;
  const connection = connectRedis(options.redisUrl, 'worker');
  const worker = new Worker<RecognizeJob>(
    QUEUES.recognize,
    async (job) => {
      const owner = owners.get(job.data.job)!;
      if (count++ < stopAfter) served[owner] = (served[owner] ?? 0) + 1;
      else enough.resolve();
      void jobQueue.shares.started(job.id!);
      await new Promise((resolve) => setTimeout(resolve, workMs));
    },
    { connection, prefix: PREFIX, concurrency },
  );
  worker.on('completed', (job) => ends.get(job.id!)?.());
  await worker.waitUntilReady();

  const waitsMs: number[] = [];
  for (let at = 0; at < options.small; at++) {
    // Wait until the worker is busy with the backlog.
    await new Promise((resolve) => setTimeout(resolve, 3 * workMs * (0.5 + Math.random())));
    const one = card('small');
    const ended = new Promise<void>((resolve) => ends.set(recognizeJobId(one.job, 1), resolve));
    const addedMs = performance.now();
    await jobQueue.addCards([one]);
    await ended;
    waitsMs.push(performance.now() - addedMs);
  }
  if (options.stopAfter !== undefined) await enough.promise;
  await worker.close();
  connection.disconnect();
  await jobQueue.close();
  producer.disconnect();
  return { waitsMs, served };
}
