/** The two BullMQ workers: how they take jobs, detect a lost lock, back off, and stop within a grace period. */

import {
  type Backoff,
  backoffMs,
  overloadBackoff,
  recognizeBackoff,
  undecryptableBackoff,
} from '@cardseal/core/backoff';
import { redisTarget } from '@cardseal/core/config';
import { describeError } from '@cardseal/core/log';
import {
  type CrashCounts,
  connectRedis,
  type DeliverJob,
  giveUp,
  type PoolEntry,
  QUEUES,
  type RecognizeJob,
  type WorkerBoard,
} from '@cardseal/core/queue';
import { type Processor, Worker, type WorkerOptions } from 'bullmq';
import { createClosedGateSweep } from './background/reconcile/finish-while-closed.ts';
import type { WorkerContext } from './context.ts';
import { deliverProcessor } from './deliver/processor.ts';
import { createDeliveryRuntime } from './deliver/support/delivery-runtime.ts';
import { recognizeProcessor } from './recognize/processor.ts';
import { concludeCrashed } from './recognize/support/conclude-crashed.ts';
import {
  createConcurrencyController,
  createGateHold,
  createJobIntake,
  MIN_JOBS,
  watchLoopLag,
} from './supervision/concurrency/index.ts';
import { quarantinePoisonJobs } from './supervision/quarantine/poison-quarantine.ts';

export interface QueueWorkers {
  /** Announces to the other processes that this worker is starting. */
  announce(): Promise<void>;
  start(): Promise<void>;
  /** Resolves when a recognizing worker has reported to the others; at once for one that only delivers. */
  reported(): Promise<void>;
  /** Lets calls in flight finish for `graceMs`, then returns the other jobs. */
  stop(graceMs: number): Promise<void>;
  /** Jobs that wait and may be taken. Throws while Redis is away. */
  waiting(): Promise<number>;
  /** When this worker last started or ended a job, on the clock of `performance.now()`. */
  movedAtMs(): number;
}

/** The board on which workers report to each other. */
export interface QueueDependencies {
  board: WorkerBoard;
  crashCounts: CrashCounts;
  pool: readonly PoolEntry[];
}

/** Counts ended jobs per minute, for the operators' overview. */
const METRICS_MINUTES = 120;

export function createQueueWorkers(context: WorkerContext, dependencies: QueueDependencies): QueueWorkers {
  const { config } = context;
  const { recognize, controller, hold, sweep } = buildRecognize(context, dependencies);
  const runtime = createDeliveryRuntime(context);
  const deliver = build<DeliverJob>(context, QUEUES.deliver, deliverProcessor(context, runtime), {
    concurrency: config.DELIVER_CONCURRENCY,
  });
  const recognizes = config.WORKER_ROLES.has('recognize');
  const workers = [...(recognizes ? [recognize] : []), ...(config.WORKER_ROLES.has('deliver') ? [deliver] : [])];
  let movedAtMs = performance.now();
  const moved = () => {
    movedAtMs = performance.now();
  };
  recognize.on('active', moved).on('completed', moved).on('failed', moved);
  return {
    movedAtMs: () => movedAtMs,
    async waiting() {
      // A worker with replies that cannot be saved waits for the ledger and is not stuck.
      if (!recognizes || hold.held() || context.writeBuffer.waiting() > 0) return 0;
      const counts = await context.jobQueue.queues().recognize.getJobCounts('wait', 'prioritized');
      return counts.wait! + counts.prioritized!;
    },
    async announce() {
      if (recognizes) await controller.announce();
    },
    async reported() {
      if (recognizes) await controller.reported();
    },
    async start() {
      if (recognizes) controller.start();
      for (const worker of workers)
        worker.run().catch((error) => context.log.error('queue.stopped', describeError(error)));
    },
    async stop(graceMs) {
      await Promise.all([controller.stop(), hold.stop(), sweep.stop()]);
      await Promise.all([recognize, deliver].map((worker) => stopWorker(worker, graceMs)));
    },
  };
}

/** Takes as many jobs as the rate needs, and none while no credential may be called. */
function buildRecognize(context: WorkerContext, { board, pool, crashCounts }: QueueDependencies) {
  const { config, clock, log, pacer, meter, jobQueue } = context;
  const sweep = createClosedGateSweep(context);
  const hold = createGateHold({
    pacer,
    clock,
    intake: { close: () => intake.close(), open: (flow) => intake.open(flow) },
    onChange: (held) => {
      log.info(held ? 'recognize.held' : 'recognize.released');
      if (held) return sweep.start();
      void sweep.stop();
      controller.restart().catch(() => {});
    },
  });
  const cards = config.RECOGNIZE_CONCURRENCY ?? MIN_JOBS;
  const processor = quarantinePoisonJobs<RecognizeJob>({
    crashCounts,
    log,
    process: recognizeProcessor(context, hold),
    deadLetter: async ({ data }) => {
      const run = await concludeCrashed(context, data);
      return run?.kind === 'failed' ? giveUp(run.code) : null;
    },
  });
  const recognize = build<RecognizeJob>(context, QUEUES.recognize, processor, {
    concurrency: cards,
    settings: {
      backoffStrategy: (attempt, _type, _error, job) => backoffMs(attempt, context.random(), backoffFor(job)),
    },
  });
  const intake = createJobIntake({ worker: recognize, cards, wake: () => jobQueue.wakeRecognizers() });
  const controller = createConcurrencyController({
    clock,
    pacer,
    board,
    pool,
    meter,
    lagMs: watchLoopLag(),
    fixed: config.RECOGNIZE_CONCURRENCY,
    apply: (wanted) => intake.setConcurrency(wanted),
    held: hold.held,
  });
  return { recognize, controller, hold, sweep };
}

/**
 * Disable BullMQ's stalled-job failure: it fails every job of a crashed worker. `poison-quarantine.ts` isolates the
 * cause.
 */
const NEVER = 1_000_000;

function build<Data>(
  { config, log }: WorkerContext,
  queue: string,
  processor: Processor<Data, void>,
  options: Pick<WorkerOptions, 'concurrency' | 'settings'>,
): Worker<Data, void> {
  const connection = connectRedis(redisTarget(config), 'worker', (error) =>
    log.debug('redis.error', describeError(error)),
  );
  const worker = new Worker<Data, void>(queue, processor, {
    connection,
    prefix: config.QUEUE_PREFIX,
    autorun: false,
    lockDuration: config.LOCK_DURATION_MS,
    stalledInterval: config.LOCK_DURATION_MS / 2,
    maxStalledCount: NEVER,
    maximumRateLimitDelay: 1000,
    metrics: { maxDataPoints: METRICS_MINUTES },
    ...options,
  });
  // After a lost lock another worker may have the job: this one must stop before it pays for a second call.
  worker.on('lockRenewalFailed', (ids) => {
    log.warn('queue.lock_lost', { reason: queue, count: ids.length });
    for (const id of ids) worker.cancelJob(id, 'lock_lost');
  });
  worker.on('error', (error) => log.warn('queue.error', { reason: queue, ...describeError(error) }));
  worker.on('closed', () => connection.disconnect());
  return worker;
}

async function stopWorker(worker: Pick<Worker, 'close' | 'cancelAllJobs'>, graceMs: number): Promise<void> {
  const closed = worker.close();
  const expired = new Promise<'expired'>((resolve) => setTimeout(resolve, graceMs, 'expired').unref());
  if ((await Promise.race([closed, expired])) !== 'expired') return;
  worker.cancelAllJobs('shutdown');
  const forced = new Promise<void>((resolve) => setTimeout(resolve, 3000).unref());
  await Promise.race([closed, forced]);
}

/**
 * A provider that is over its limit as a whole gets more time than one that failed a single call. An undecryptable
 * response waits even longer: within that time other images show whether the provider or this image is the cause.
 */
function backoffFor(job: { data: RecognizeJob } | undefined): Backoff {
  const last = job?.data.attempts.at(-1)?.class;
  if (last === 'crypto') return undecryptableBackoff;
  return last === 'overload' ? overloadBackoff : recognizeBackoff;
}
