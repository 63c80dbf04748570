/**
 * Puts a committed job on the job queue. Without Redis nothing is lost: the reconciler finds the marker later. The
 * client does not wait for a slow Redis: the command is already sent.
 */
import { failpoint } from '@cardseal/core/failpoints';
import type { JobRequest } from '@cardseal/core/job';
import { describeError } from '@cardseal/core/log';
import { inSpan } from '@cardseal/core/trace';
import type { ApiContext } from '../context.ts';

export async function enqueue({ jobQueue, log, soon }: ApiContext, request: JobRequest): Promise<void> {
  const { tenant, job, priority, sides, sources } = request;
  const pictures = sides.filter((side) => sources?.[side] === undefined);
  const card = { tenant, job, generation: 1, priority, calls: sides.length, pictures };
  const added = inSpan('enqueue', { job, generation: 1 }, () => jobQueue.addCards([card]));
  // However late it fails.
  added.catch((error) => log.warn('job.enqueue_postponed', { tenant, job_id: job, ...describeError(error) }));
  await soon(added).catch(() => {});
  await failpoint('submit.enqueued');
}
