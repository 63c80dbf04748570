/** Cancels a job: one conditional write of the outcome decides between the cancellation and a worker's result. */
import type { Clock } from '@cardseal/base/clock';
import { RejectedError } from '@cardseal/base/errors';
import type { JobId } from '../job/index.ts';
import { assertRequestKept, type Ledger } from '../ledger/index.ts';
import type { Log } from '../log/index.ts';
import type { Metrics } from '../metrics/index.ts';
import { type JobQueue, recognizeJobId } from '../queue/index.ts';
import { freezeOutcome } from './freeze-outcome.ts';

export interface CancelParts {
  ledger: Pick<Ledger, 'jobs'>;
  jobQueue: JobQueue;
  clock: Clock;
  /** The `PUBLIC_URL` setting, for links in the event; may be empty. */
  publicUrl: string;
  log: Pick<Log, 'info'>;
  metrics: Pick<Metrics, 'count'>;
}

/**
 * Returns when the cancellation is durable. A second cancellation of the same job succeeds. Throws RejectedError
 * `job_erased`, `job_not_found` or `job_not_cancellable`, and DefectError when the store lost the request or the key.
 */
export async function cancelJob(parts: CancelParts, tenant: string, job: JobId): Promise<void> {
  const { ledger, jobQueue, clock, publicUrl, log, metrics } = parts;
  const inventory = await ledger.jobs.inventory(tenant, job);
  if (inventory.erased) throw new RejectedError('job_erased');
  assertRequestKept(inventory, tenant, job);
  const sealed = inventory.committed ? await ledger.jobs.open(tenant, job) : null;
  const request = await sealed?.request();
  if (!sealed || !request) throw new RejectedError('job_not_found');
  const { generation } = inventory;
  const ours = freezeOutcome({
    request,
    generation,
    state: 'cancelled',
    atMs: clock.now(),
    attempts: (await jobQueue.hint(job, generation).catch(() => null))?.attempts ?? [],
    recognized: inventory.replies,
    publicUrl,
  });
  const decided = await sealed.decide(ours);
  if (decided) metrics.count('cardseal_outcomes_total', { state: 'cancelled' });
  const standing = decided ? 'cancelled' : (await sealed.outcome(generation))?.state;
  if (standing !== 'cancelled') throw new RejectedError('job_not_cancellable');
  if (!decided) return;
  log.info('job.cancelled', { tenant, job_id: job, generation });
  await runNext(jobQueue, job, generation);
}

/** A worker announces the outcome when it gets the job. It must get it now and not after all waiting jobs. */
async function runNext(jobQueue: JobQueue, job: JobId, generation: number): Promise<void> {
  try {
    const queued = await jobQueue.queues().recognize.getJob(recognizeJobId(job, generation));
    if (!queued) return;
    if (await queued.isDelayed()) await queued.promote();
    await queued.changePriority({ priority: 0, lifo: true });
  } catch {
    // Redis is away, or a worker already has the job. The marker stays until the outcome is announced.
  }
}
