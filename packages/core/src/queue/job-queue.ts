/**
 * The job queue: puts ids on the queues and says where they stand. Everything here may be lost; nothing here may be
 * the only copy of anything.
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

/** Cards placed and added in one go: two round trips. */
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
  /** What it will ask of the quota; 1 unless told. */
  calls?: number;
  /** Sides whose pictures are known to lie in the ledger, waiting to be read; none unless told. */
  pictures?: Side[];
  /** It was missing from the queue, and may be in a worker's hands all the same. */
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
  /** A tenant's share beside others'; 1 for all unless given. */
  weightOf?: (tenant: string) => Promise<number>;
}

export interface Queues {
  recognize: Queue<RecognizeJob>;
  deliver: Queue<DeliverJob>;
}

export interface JobQueue {
  /** Throws TransientError `queue_unavailable` while Redis is away. */
  queues(): Queues;
  /** In the order that is fair between tenants. Adding what is already there changes nothing. */
  addCards(cards: readonly Card[]): Promise<void>;
  /** @param refs `repeated` makes the worker read the delivery's record before it sends, as for a delivery that was tried. */
  addDeliveries(refs: readonly { ref: DeliveryRef; delayMs?: number; repeated?: boolean }[]): Promise<void>;
  /** What Redis knows of a card at work; null when it knows nothing. */
  hint(job: JobId, generation: number): Promise<LiveHint | null>;
  announceFinished(job: JobId): Promise<void>;
  /** A card has left the line: those behind it move up, and those who watch it hear so. Never throws. */
  announceStarted(job: JobId, generation: number): void;
  /** Gives an active job back attempts that a provider outage took. */
  giveBackAttempts(job: Pick<Job, 'id' | 'attemptsMade'>, count: number): Promise<void>;
  /** For those who watch; a lost one is no loss. Never throws. */
  announceChange(change: JobChange): void;
  /** The order of waiting cards, and where they stand. */
  shares: FairShares;
  /** Cards handed back wake nobody: this makes a worker that sleeps look at the queue. */
  wakeRecognizers(): Promise<void>;
  close(): Promise<void>;
}

export function createJobQueue(redis: Redis, prefix: string, options: JobQueueOptions = {}): JobQueue {
  const { weightOf = async () => 1 } = options;
  const shares = createFairShares(redis, prefix);
  const place = batchCalls(shares.place, ADD_CARDS);
  let opened: Queues | null = null;

  /**
   * A BullMQ queue asks Redis for its version when it is made, and stays broken for good if that fails: so the queues
   * are made when Redis first answers, and made again if it left in that very moment.
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

  /** Every job has a priority: one without would run before all others. */
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
    // One alone needs no transaction around it, which would cost as much again.
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

/** Also for whoever brings a connection that waits for Redis. */
export function openQueues(redis: Redis, prefix: string): Queues {
  const options = { connection: redis, prefix, skipWaitingForReady: redis.options.enableOfflineQueue === false };
  const recognize = new Queue<RecognizeJob>(QUEUES.recognize, options);
  const deliver = new Queue<DeliverJob>(QUEUES.deliver, options);
  // BullMQ re-emits connection errors here; the connection itself is watched by its owner.
  recognize.on('error', () => {});
  deliver.on('error', () => {});
  return { recognize, deliver };
}
