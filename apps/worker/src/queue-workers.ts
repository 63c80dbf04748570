/** The two BullMQ workers: how they take jobs, notice a lost lock, back off, and stop within a grace. */

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
import { createHeldSweep } from './background/reconcile/finish-while-closed.ts';
import type { WorkerContext } from './context.ts';
import { deliverProcessor } from './deliver/processor.ts';
import { createDeliverRoom } from './deliver/support/delivery-runtime.ts';
import { recognizeProcessor } from './recognize/processor.ts';
import { concludeCrashed } from './recognize/support/conclude-crashed.ts';
import {
  createCardTap,
  createGateHold,
  createGovernor,
  MIN_CARDS,
  watchLoopLag,
} from './supervision/concurrency/index.ts';
import { isolateSuspects } from './supervision/quarantine/poison-quarantine.ts';

export interface QueueWorkers {
  /** Tells the other processes that this worker is starting. */
  announce(): Promise<void>;
  start(): Promise<void>;
  /** Resolves when a recognising worker has reported to the others; at once for one that only delivers. */
  reported(): Promise<void>;
  /** Lets work on the wire finish for `graceMs`, then hands the rest back. */
  stop(graceMs: number): Promise<void>;
  /** Cards that wait and may be taken. Throws while Redis is away. */
  waiting(): Promise<number>;
  /** When a card was last started or ended here, on the clock of `performance.now()`. */
  movedAtMs(): number;
}

/** What workers know of each other. */
export interface Crew {
  board: WorkerBoard;
  trials: CrashCounts;
  pool: readonly PoolEntry[];
}

/** Counts a minute of what ended, kept for the operators' overview. */
const METRICS_MINUTES = 120;

export function createQueueWorkers(context: WorkerContext, crew: Crew): QueueWorkers {
  const { config } = context;
  const { recognize, governor, hold, sweep } = buildRecognize(context, crew);
  const room = createDeliverRoom(context);
  const deliver = build<DeliverJob>(context, QUEUES.deliver, deliverProcessor(context, room), {
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
      // Who holds replies that cannot be saved waits for the ledger, and is not stuck.
      if (!recognizes || hold.held() || context.unsaved.waiting() > 0) return 0;
      const counts = await context.jobQueue.queues().recognize.getJobCounts('wait', 'prioritized');
      return counts.wait! + counts.prioritized!;
    },
    async announce() {
      if (recognizes) await governor.announce();
    },
    async reported() {
      if (recognizes) await governor.reported();
    },
    async start() {
      if (recognizes) governor.start();
      for (const worker of workers)
        worker.run().catch((error) => context.log.error('queue.stopped', describeError(error)));
    },
    async stop(graceMs) {
      await Promise.all([governor.stop(), hold.stop(), sweep.stop()]);
      await Promise.all([recognize, deliver].map((worker) => stopWorker(worker, graceMs)));
    },
  };
}

/** Takes as many cards as the rate needs, and none while no credential may be called. */
function buildRecognize(context: WorkerContext, { board, pool, trials }: Crew) {
  const { config, clock, log, pacer, meter, jobQueue } = context;
  const sweep = createHeldSweep(context);
  const hold = createGateHold({
    pacer,
    clock,
    tap: { close: () => tap.close(), open: (flow) => tap.open(flow) },
    onChange: (held) => {
      log.info(held ? 'recognize.held' : 'recognize.released');
      if (held) return sweep.start();
      void sweep.stop();
      governor.restart().catch(() => {});
    },
  });
  const cards = config.RECOGNIZE_CONCURRENCY ?? MIN_CARDS;
  const processor = isolateSuspects<RecognizeJob>({
    trials,
    log,
    process: recognizeProcessor(context, hold),
    convict: async ({ data }) => {
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
  const tap = createCardTap({ worker: recognize, cards, wake: () => jobQueue.wakeRecognizers() });
  const governor = createGovernor({
    clock,
    pacer,
    board,
    pool,
    meter,
    lagMs: watchLoopLag(),
    fixed: config.RECOGNIZE_CONCURRENCY,
    apply: (wanted) => tap.setCards(wanted),
    held: hold.held,
  });
  return { recognize, governor, hold, sweep };
}

/** Who convicts for stalling takes the bystanders too: `life/suspects.ts` finds the one. */
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
  // A lost lock means that another worker may have the job: ours must stop before it pays for a second call.
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
 * A provider that is over its limit as a whole is given longer than one that failed a single call. A response that cannot
 * be opened waits longer still: within that time other images show whether the provider or this one is the cause.
 */
function backoffFor(job: { data: RecognizeJob } | undefined): Backoff {
  const last = job?.data.attempts.at(-1)?.class;
  if (last === 'crypto') return undecryptableBackoff;
  return last === 'overload' ? overloadBackoff : recognizeBackoff;
}
