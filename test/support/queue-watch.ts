/**
 * Observes the recognize queue from outside: when a job returns to the queue, and how many attempts BullMQ has counted
 * by then.
 */
import { openQueues, QUEUES, recognizeJobId } from '@cardseal/core/queue';
import { QueueEvents } from 'bullmq';
import { Redis } from 'ioredis';

const PREFIX = '{cardseal}';

export interface QueueWatch {
  /** The most attempts that BullMQ counted while the job waited before it succeeded. */
  attemptsWhileWaiting(job: string): number;
  /** Resolves with the attempts of a job when it is in the failed set, shortly after its outcome. */
  attemptsOfFailed(job: string): Promise<number>;
  stop(): Promise<void>;
}

export async function watchRecognizeQueue(redisUrl: string): Promise<QueueWatch> {
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const queues = openQueues(redis, PREFIX);
  const blocking = redis.duplicate();
  const events = new QueueEvents(QUEUES.recognize, { connection: blocking, prefix: PREFIX });
  const most = new Map<string, number>();
  const failed = new Map<string, number>();
  const waiting = new Set<() => void>();
  const note = (seen: Map<string, number>) => async (event: { jobId: string }) => {
    const made = (await queues.recognize.getJob(event.jobId))?.attemptsMade ?? 0;
    seen.set(event.jobId, Math.max(seen.get(event.jobId) ?? 0, made));
    for (const check of waiting) check();
  };
  events.on('delayed', note(most));
  events.on('waiting', note(most));
  events.on('failed', note(failed));
  await events.waitUntilReady();
  const idOf = (job: string) => recognizeJobId(job as Parameters<typeof recognizeJobId>[0], 1);

  function arrival(seen: ReadonlyMap<string, number>, id: string): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    const check = () => {
      if (!seen.has(id)) return;
      waiting.delete(check);
      resolve(seen.get(id)!);
    };
    waiting.add(check);
    check();
    return promise;
  }

  return {
    attemptsWhileWaiting: (job) => most.get(idOf(job)) ?? 0,
    attemptsOfFailed: (job) => arrival(failed, idOf(job)),
    async stop() {
      await Promise.all([events.close(), queues.recognize.close(), queues.deliver.close()]);
      redis.disconnect();
      blocking.disconnect();
    },
  };
}
