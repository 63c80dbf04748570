/** Retries a failed or expired job by opening its next generation. The API, Bull Board, the admin and bulk retries use it. */
import { RejectedError } from '@cardseal/base/errors';
import { decodeCheckpoint, type JobId, type Side } from '../job/index.ts';
import { assertRequestKept, type Ledger, type SealedJob } from '../ledger/index.ts';
import { type JobQueue, recognizeJobId } from '../queue/index.ts';
import { isFinalFailure } from './final-failure.ts';

interface RetryOptions {
  endedByMs?: number;
  /** Refuses a job that would only fail again, because the provider or the inspection refused one of its images. */
  leaveFinal?: boolean;
  /** Runs with the number of the generation before that is opened. */
  about?: (generation: number) => Promise<void>;
}

interface RetryParts {
  ledger: Pick<Ledger, 'jobs'>;
  jobQueue: JobQueue;
}

/**
 * Returns the generation that is now open. Throws RejectedError `job_not_found`, `job_not_retryable` (not finished,
 * succeeded or cancelled, or ended after `endedByMs`), `picture_gone` (the retry window has passed) or, with `leaveFinal`,
 * `image_refused`. Throws DefectError `job_request_missing` or `job_key_missing` when the store lost one of them.
 */
export async function retryJob(
  { ledger, jobQueue }: RetryParts,
  tenant: string,
  job: JobId,
  { endedByMs = Number.POSITIVE_INFINITY, leaveFinal = false, about = async () => {} }: RetryOptions = {},
): Promise<number> {
  const inventory = await ledger.jobs.inventory(tenant, job);
  assertRequestKept(inventory, tenant, job);
  const sealed = inventory.committed && !inventory.erased ? await ledger.jobs.open(tenant, job) : null;
  const request = await sealed?.request();
  if (!sealed || !request) throw new RejectedError('job_not_found');
  const outcome = await sealed.outcome(inventory.generation);
  if (outcome?.state !== 'failed' && outcome?.state !== 'expired') throw new RejectedError('job_not_retryable');
  if (outcome.atMs > endedByMs) throw new RejectedError('job_not_retryable');
  if (leaveFinal && (await wouldFailAgain(sealed, outcome.code, inventory.replies))) {
    throw new RejectedError('image_refused');
  }
  const missing = request.sides.filter((side) => !inventory.replies.includes(side));
  const pictures = missing.filter((side) => !request.sources?.[side]);
  if (pictures.some((side) => !inventory.images.includes(side))) throw new RejectedError('picture_gone');
  const generation = inventory.generation + 1;
  await about(generation);
  // Two retries at once open the same generation, and BullMQ ignores the second job of the same id.
  await ledger.jobs.markers.openGeneration(tenant, job, generation, request.reference);
  const now = await ledger.jobs.inventory(tenant, job);
  if (now.erased || (now.windowClosed && pictures.length > 0)) {
    await ledger.jobs.markers.closeGeneration(tenant, job, generation, request.reference);
    throw new RejectedError(now.erased ? 'job_not_found' : 'picture_gone');
  }
  await jobQueue
    .addCards([{ tenant, job, generation, priority: request.priority, calls: Math.max(1, missing.length) }])
    .catch(() => {});
  await forget(jobQueue, recognizeJobId(job, inventory.generation));
  return generation;
}

/** A stored refusal of one side counts even when the other side failed for a cause that has passed. */
async function wouldFailAgain(sealed: SealedJob, code: string, replies: readonly Side[]): Promise<boolean> {
  if (isFinalFailure(code)) return true;
  const stored = await Promise.all(replies.map((side) => sealed.reply(side)));
  return stored.some((bytes) => bytes && decodeCheckpoint(bytes).header.kind === 'refusal');
}

/** Removes the ended generation from BullMQ's failed jobs, where it would show a problem that the retry solves. */
async function forget(jobQueue: JobQueue, id: string): Promise<void> {
  try {
    await jobQueue.queues().recognize.remove(id);
  } catch {
    // Without Redis it stays until BullMQ trims the list of failed jobs.
  }
}
