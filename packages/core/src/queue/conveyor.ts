/**
 * The conveyor: puts ids on the queues and says where they stand. Everything here may be lost; nothing here may be
 * the only copy of anything.
 */
import { type JobsOptions, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { TransientError } from '../errors/index.ts';
import type { AttemptRecord, JobId, WaitingFor } from '../job/index.ts';
import type { DeliveryRef } from '../ledger/index.ts';
import { encodeChange, type JobChange } from './changes.ts';
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

/** Priority 0 would run before every prioritized job, so that every job has one. */
const PRIORITY = { interactive: 1, bulk: 10 } as const;

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
}

export interface LiveHint {
  active: boolean;
  waitingFor: WaitingFor | null;
  attempts: AttemptRecord[];
}

export interface Queues {
  recognize: Queue<RecognizeJob>;
  deliver: Queue<DeliverJob>;
}

export interface Conveyor {
  /** Throws TransientError `queue_unavailable` while Redis is away. */
  queues(): Queues;
  /** Adding what is already there changes nothing. */
  addCards(cards: readonly Card[]): Promise<void>;
  addDeliveries(refs: readonly { ref: DeliveryRef; delayMs?: number }[]): Promise<void>;
  /** What Redis knows of a card at work; null when it knows nothing. */
  hint(job: JobId, generation: number): Promise<LiveHint | null>;
  announceFinished(job: JobId): Promise<void>;
  /** For those who watch; a lost one is no loss. Never throws. */
  announceChange(change: JobChange): void;
  close(): Promise<void>;
}

export function createConveyor(redis: Redis, prefix: string): Conveyor {
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

  return {
    queues,
    async addCards(cards) {
      if (cards.length === 0) return;
      await queues().recognize.addBulk(
        cards.map(({ tenant, job, generation, priority }) => ({
          name: 'card',
          data: { tenant, job, generation, attempts: [], waitingFor: 'worker' },
          opts: { ...recognizeOptions, jobId: recognizeJobId(job, generation), priority: PRIORITY[priority] },
        })),
      );
    },
    async addDeliveries(refs) {
      if (refs.length === 0) return;
      await queues().deliver.addBulk(
        refs.map(({ ref, delayMs }) => ({
          name: 'delivery',
          data: ref,
          opts: { ...deliverOptions, jobId: deliverJobId(ref), ...(delayMs ? { delay: delayMs } : {}) },
        })),
      );
    },
    async hint(job, generation) {
      const queued = await queues().recognize.getJob(recognizeJobId(job, generation));
      if (!queued) return null;
      const active = (await queued.getState()) === 'active';
      return { active, waitingFor: active ? null : queued.data.waitingFor, attempts: queued.data.attempts };
    },
    async announceFinished(job) {
      await redis.publish(finishedChannel(prefix), job);
    },
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
