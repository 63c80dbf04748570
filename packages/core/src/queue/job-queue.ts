/**
 * The job queue: puts ids on the BullMQ queues and reports their positions. Everything here may be lost, so nothing
 * here may be the only copy of anything.
 */

import { TransientError } from '@cardseal/base/errors';
import { type Job, type JobsOptions, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { AttemptRecord, JobId, Side, WaitingFor } from '../job/index.ts';
import type { DeliveryRef } from '../ledger/index.ts';
import { giveBackAttempts } from './attempts.ts';
import { batchCalls } from './batcher.ts';
import { encodeChange, type JobChange } from './changes.ts';
import { classOf, createFairShares, type FairShares, type JobClass, type QueueSnapshot } from './fairness/index.ts';
import {
  changedChannel,
  type DeliverJob,
  deliverJobId,
  finishedChannel,
  QUEUES,
  type RecognizeJob,
  recognizeJobId,
} from './names.ts';

const RECOGNIZE_ATTEMPTS = 5;

/** Jobs placed and added together: two round trips. */
const ADD_CARDS = 250;

const recognizeOptions: JobsOptions = {
  attempts: RECOGNIZE_ATTEMPTS,
  backoff: { type: 'custom' },
  removeOnComplete: true,
  removeOnFail: { count: 50_000 },
  stackTraceLimit: 0,
};

const deliverOptions: JobsOptions = { removeOnComplete: true, removeOnFail: { count: 50_000 }, stackTraceLimit: 0 };

export interface Card {
  tenant: string;
  job: JobId;
  generation: number;
  priority: 'interactive' | 'bulk';
  /** The calls that it will take from the quota; default 1. */
  calls?: number;
  /** Sides whose images are known to be in the ledger; default none. */
  pictures?: Side[];
  /** It was missing from the queue; a worker may be processing it nevertheless. */
  restored?: boolean;
}

export interface LiveHint {
  active: boolean;
  waitingFor: WaitingFor | null;
  attempts: AttemptRecord[];
  standing: QueueSnapshot;
  cardClass: JobClass;
}

export interface JobQueueOptions {
  /** A tenant's share relative to others; default 1. */
  weightOf?: (tenant: string) => Promise<number>;
}

export interface Queues {
  recognize: Queue<RecognizeJob>;
  deliver: Queue<DeliverJob>;
}

export interface JobQueue {
  /** Throws TransientError `queue_unavailable` while Redis is away. */
  queues(): Queues;
  /** Adds in the order that is fair between tenants. Adding a job that is already there changes nothing. */
  addCards(cards: readonly Card[]): Promise<void>;
  /** @param refs `repeated` makes the worker read the delivery's record before it sends, as for a second attempt. */
  addDeliveries(refs: readonly { ref: DeliveryRef; delayMs?: number; repeated?: boolean }[]): Promise<void>;
  /** What Redis knows about an active job; null when it knows nothing. */
  hint(job: JobId, generation: number): Promise<LiveHint | null>;
  announceFinished(job: JobId): Promise<void>;
  /** A job left the queue: later jobs move up, and their watchers are notified. Never throws. */
  announceStarted(job: JobId, generation: number): void;
  /** Gives an active job back attempts that a provider outage spent. */
  giveBackAttempts(job: Pick<Job, 'id' | 'attemptsMade'>, count: number): Promise<void>;
  /** For watchers; a lost message does no harm. Never throws. */
  announceChange(change: JobChange): void;
  /** The order of waiting jobs, and their positions. */
  shares: FairShares;
  /** Returned jobs wake no worker: this makes an idle worker read the queue. */
  wakeRecognizers(): Promise<void>;
  close(): Promise<void>;
}

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: its functions share the BullMQ queues, which are opened late.
export function createJobQueue(redis: Redis, prefix: string, options: JobQueueOptions = {}): JobQueue {
  const { weightOf = async () => 1 } = options;
  const shares = createFairShares(redis, prefix);
  const place = batchCalls(shares.place, ADD_CARDS);
  let opened: Queues | null = null;

  /**
   * A BullMQ queue reads the version of Redis when it is created, and stays broken if that fails. The queues are
   * therefore created when Redis first responds, and created again if Redis left during that.
   */
  function queues(): Queues {
    if (redis.status !== 'ready') throw new TransientError('queue_unavailable');
    if (opened) return opened;
    const made = openQueues(redis, prefix);
    opened = made;
    for (const queue of [made.recognize, made.deliver]) {
      queue.waitUntilReady().catch(() => {
        if (opened === made) opened = null;
      });
    }
    return made;
  }

  /** Every job has a priority: BullMQ runs a job without one before all others. */
  async function addSome(recognize: Queues['recognize'], cards: readonly Card[]): Promise<void> {
    const weights = await weightsOf(cards);
    const priorities = await place(
      cards.map((card) => ({
        id: recognizeJobId(card.job, card.generation),
        cardClass: card.priority,
        tenant: card.tenant,
        weight: weights.get(card.tenant)!,
        calls: card.calls ?? 1,
      })),
    );
    const jobs = cards.map(({ tenant, job, generation, pictures = [], restored }, at) => ({
      name: 'card',
      data: {
        ...{ tenant, job, generation, attempts: [], waitingFor: 'worker', pictures },
        ...(restored ? { restored } : {}),
      } satisfies RecognizeJob,
      opts: { ...recognizeOptions, jobId: recognizeJobId(job, generation), priority: priorities[at]! },
    }));
    // A single job needs no transaction, which would double the cost.
    const [only] = jobs;
    if (only && jobs.length === 1) await recognize.add(only.name, only.data, only.opts);
    else await recognize.addBulk(jobs);
  }

  async function weightsOf(cards: readonly Card[]): Promise<Map<string, number>> {
    const tenants = [...new Set(cards.map(({ tenant }) => tenant))];
    return new Map(await Promise.all(tenants.map(async (tenant) => [tenant, await weightOf(tenant)] as const)));
  }

  return {
    queues,
    shares,
    async wakeRecognizers() {
      await redis.zadd(queues().recognize.toKey('marker'), 0, '0');
    },
    async addCards(cards) {
      if (cards.length === 0) return;
      const { recognize } = queues();
      for (let from = 0; from < cards.length; from += ADD_CARDS) {
        await addSome(recognize, cards.slice(from, from + ADD_CARDS));
      }
    },
    async addDeliveries(refs) {
      if (refs.length === 0) return;
      await queues().deliver.addBulk(
        refs.map(({ ref, delayMs, repeated }) => ({
          name: 'delivery',
          data: repeated ? { ...ref, repeated } : ref,
          opts: { ...deliverOptions, jobId: deliverJobId(ref), ...(delayMs ? { delay: delayMs } : {}) },
        })),
      );
    },
    async hint(job, generation) {
      const id = recognizeJobId(job, generation);
      const [queued, state, standing] = await Promise.all([
        queues().recognize.getJob(id),
        queues().recognize.getJobState(id),
        shares.look(id),
      ]);
      if (!queued) return null;
      const active = state === 'active';
      return {
        active,
        waitingFor: active ? null : queued.data.waitingFor,
        attempts: queued.data.attempts,
        standing,
        cardClass: classOf(queued.priority),
      };
    },
    async announceFinished(job) {
      await redis.publish(finishedChannel(prefix), job);
    },
    announceStarted(job, generation) {
      const message = encodeChange({ job, generation, state: 'recognizing', waitingFor: null });
      shares.started(recognizeJobId(job, generation), { channel: changedChannel(prefix), message }).catch(() => {});
    },
    giveBackAttempts: (job, count) => giveBackAttempts(redis, queues().recognize, job, count),
    announceChange(change) {
      redis.publish(changedChannel(prefix), encodeChange(change)).catch(() => {});
    },
    async close() {
      await Promise.allSettled([opened?.recognize.close(), opened?.deliver.close()]);
    },
  };
}

/** Also for callers whose connection waits for Redis. */
export function openQueues(redis: Redis, prefix: string): Queues {
  const options = { connection: redis, prefix, skipWaitingForReady: redis.options.enableOfflineQueue === false };
  const recognize = new Queue<RecognizeJob>(QUEUES.recognize, options);
  const deliver = new Queue<DeliverJob>(QUEUES.deliver, options);
  // BullMQ re-emits connection errors here; the owner of the connection handles them.
  recognize.on('error', () => {});
  deliver.on('error', () => {});
  return { recognize, deliver };
}
