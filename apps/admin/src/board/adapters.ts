/**
 * The queues as Bull Board shows them. Bull Board's own retry would run a job that has no attempts left. Here a retry opens
 * the next generation of a job in the ledger, with a new outcome and a new webhook, or gives a delivery new attempts.
 */
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { RejectedError } from '@cardseal/base/errors';
import { type DeliverJob, RECOVER, type RecognizeJob } from '@cardseal/core/queue';
import { resendDelivery, retryJob } from '@cardseal/core/use-cases';
import type { Job, Queue } from 'bullmq';
import type { AdminContext } from '../context.ts';
import { safeJob } from './safe-job.ts';

/** Shows only safe fields, and replaces the retry of BullMQ by a use case. */
class SafeAdapter<T> extends BullMQAdapter {
  readonly #retry: (job: Job<T>) => Promise<void>;

  constructor(queue: Queue<T>, description: string, retry: (job: Job<T>) => Promise<void>) {
    super(queue, { description });
    this.#retry = retry;
  }

  override async getJob(id: string) {
    const job = await super.getJob(id);
    return job && safeJob(job as Job<T>, this.#retry);
  }

  override async getJobs(...args: Parameters<BullMQAdapter['getJobs']>) {
    return (await super.getJobs(...args)).filter(Boolean).map((job) => safeJob(job as Job<T>, this.#retry));
  }

  /** Cardseal writes no job logs, so any that exist come from elsewhere and may hold data. */
  override async getJobLogs(): Promise<string[]> {
    return [];
  }
}

export function boardAdapters({ board, ledger, jobQueue, clock, log }: AdminContext): BullMQAdapter[] {
  const cards = new SafeAdapter<RecognizeJob>(
    board.recognize,
    'One entry is one generation of one job.',
    async (job) => {
      const { tenant, job: id } = job.data;
      const generation = await retryJob({ ledger, jobQueue }, tenant, id);
      log.info('admin.job_reopened', { tenant, job_id: id, generation });
    },
  );
  const webhooks = new SafeAdapter<DeliverJob>(
    board.deliver,
    'One entry is one event for one endpoint.',
    async (job) => {
      // A recovery is not a delivery, so there is nothing to send again. Report it instead of a false success.
      if (job.name === RECOVER) throw new RejectedError('not_retryable');
      const { tenant, job: id, generation, endpoint } = job.data;
      await resendDelivery({ ledger, jobQueue, clock }, { tenant, job: id, generation, endpoint });
    },
  );
  return [cards, webhooks];
}
