/** The step `store`: translates a submission into the use case that writes a job to the ledger. */
import type { JobId, JobRequest } from '@cardseal/core/job';
import { type NewJob, type Submitted, submitJob } from '@cardseal/core/use-cases';
import type { ApiContext } from '../context.ts';
import type { Caller } from '../http/auth/index.ts';
import type { Submission } from './submit/submission.ts';

/** @param own true when no other process can know the id of the job. Throws as `submitJob`. */
export function storeJob(
  context: Pick<ApiContext, 'clock' | 'ledger' | 'log'>,
  caller: Caller,
  job: JobId,
  submission: Omit<Submission, 'pointers'>,
  { own, uploads }: { own: boolean; uploads?: NonNullable<JobRequest['uploads']> },
): Promise<Submitted> {
  return submitJob(context, job, newJobOf(caller, submission, uploads), { own });
}

export function newJobOf(
  { tenant, apiKeyId }: Pick<Caller, 'tenant' | 'apiKeyId'>,
  { pictures, terms }: Omit<Submission, 'pointers'>,
  uploads: NonNullable<JobRequest['uploads']> = [],
): NewJob {
  return {
    tenant,
    apiKeyId,
    images: pictures,
    terms: {
      options: terms.options,
      reference: terms.reference,
      metadata: terms.metadata,
      priority: terms.priority,
      retainForS: terms.retain_for,
      keepImages: terms.keep_images,
      endpointIds: terms.endpoint_ids,
      expiresInS: terms.expires_in,
    },
    uploads,
  };
}
