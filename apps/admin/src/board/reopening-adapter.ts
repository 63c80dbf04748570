/**
 * Bull Board's view of the recognize queue. Its Retry would run the same generation again with spent attempts; here
 * it opens the next generation in the ledger, which is a new outcome and a new webhook.
 */
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { type RecognizeJob, reopen } from '@cardseal/core/queue';
import type { Job } from 'bullmq';
import type { AdminContext } from '../context.ts';

export class ReopeningAdapter extends BullMQAdapter {
  readonly #context: AdminContext;

  constructor(context: AdminContext) {
    super(context.board.recognize, { description: 'One job is one generation of one card.' });
    this.#context = context;
  }

  override async getJob(id: string) {
    const job = await super.getJob(id);
    return job && this.#reopening(job as Job<RecognizeJob>);
  }

  override async getJobs(...args: Parameters<BullMQAdapter['getJobs']>) {
    return (await super.getJobs(...args)).map((job) => this.#reopening(job as Job<RecognizeJob>));
  }

  #reopening(job: Job<RecognizeJob>): Job<RecognizeJob> {
    const { ledger, conveyor, log } = this.#context;
    return new Proxy(job, {
      get(target, property) {
        if (property === 'retry') {
          return async () => {
            const { tenant, job: id } = target.data;
            const generation = await reopen(ledger, conveyor, tenant, id);
            // The ended generation has nothing more to run: its place in the failed set is history.
            await target.remove();
            log.info('admin.job_reopened', { tenant, job_id: id, generation });
          };
        }
        const value = Reflect.get(target, property, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }
}
