/**
 * Bull Board's view of the queues. Its Retry would run a spent job again with no attempts left; here a card gets the
 * next generation in the ledger, which is a new outcome and a new webhook, and a delivery a fresh budget of tries.
 */
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { RejectedError } from '@cardseal/base/errors';
import { type DeliverJob, RECOVER, type RecognizeJob } from '@cardseal/core/queue';
import { redeliver, reopen } from '@cardseal/core/use-cases';
import type { Job, Queue } from 'bullmq';
import type { AdminContext } from '../context.ts';
import { safeJob } from './safe-job.ts';

/** Shows what may be shown, and does our retry in place of the queue's. */
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

  /** Nothing of ours writes any, so that what is there is not ours. */
  override async getJobLogs(): Promise<string[]> {
    return [];
  }
}

export function boardAdapters({ board, ledger, jobQueue, clock, log }: AdminContext): BullMQAdapter[] {
  const cards = new SafeAdapter<RecognizeJob>(
    board.recognize,
    'One job is one generation of one card.',
    async (job) => {
      const { tenant, job: id } = job.data;
      const generation = await reopen(ledger, jobQueue, tenant, id);
      log.info('admin.job_reopened', { tenant, job_id: id, generation });
    },
  );
  const webhooks = new SafeAdapter<DeliverJob>(board.deliver, 'One job is one event to one endpoint.', async (job) => {
    // Of a recovery there is nothing to send again; saying that it was done would be untrue.
    if (job.name === RECOVER) throw new RejectedError('not_retryable');
    const { tenant, job: id, generation, endpoint } = job.data;
    await redeliver(ledger, jobQueue, { tenant, job: id, generation, endpoint }, clock.now());
  });
  return [cards, webhooks];
}
