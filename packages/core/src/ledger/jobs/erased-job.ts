/**
 * An erased job with the interface of a job: nothing opens and nothing can be written. Code that was about to work on
 * the job, or to send its outcome, gets this object.
 */
import { RejectedError } from '@cardseal/base/errors';
import type { JobId } from '../../job/index.ts';
import type { SealedJob } from './job-objects.ts';

export function erasedJob(tenant: string, job: JobId): SealedJob {
  const nothing = async () => null;
  const refuse = async (): Promise<never> => {
    throw new RejectedError('job_erased', { fields: { job } });
  };
  return {
    tenant,
    job,
    request: nothing,
    commit: refuse,
    image: nothing,
    putImage: refuse,
    reply: nothing,
    putReply: refuse,
    crop: nothing,
    putCrop: refuse,
    outcome: nothing,
    decide: refuse,
    event: nothing,
    putEvent: refuse,
  };
}
