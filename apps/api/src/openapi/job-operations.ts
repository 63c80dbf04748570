/** Operations on jobs. */

import { z } from 'zod';
import { jobRequestSchema } from '../pipeline/submit/request-schema.ts';
import { listQuery, waitQuery } from '../routes/jobs/index.ts';
import { JOB_REQUEST, QUEUED_JOB, SUCCEEDED_JOB } from './examples.ts';
import { type Operation, WITH_A_LARGE_BODY } from './operation.ts';
import { jobPageSchema, jobSchema } from './schemas.ts';

const picture = (contentType: string) => ({ contentType });
const queued = { schema: jobSchema, example: QUEUED_JOB };
const finished = { schema: jobSchema, example: SUCCEEDED_JOB };

const bareQuery = z.strictObject({
  side: z
    .enum(['front', 'back'])
    .optional()
    .meta({ description: 'The side that the image shows, when the body is an image.' }),
});

export const jobOperations: readonly Operation[] = [
  {
    id: 'submitJob',
    method: 'post',
    path: '/v1/jobs',
    tag: 'jobs',
    summary: 'Submit a card',
    description:
      'As JSON, as `multipart/form-data` with the parts `front`, `back` (images) and `request` (JSON without images), ' +
      'or as one image with `?side=`. The content of an image decides its format, never its declared type. Text is ' +
      'UTF-8. A member that is null is absent; a member that occurs twice is refused. **202 means that the card cannot be lost any more.** ' +
      'With `Prefer: wait=N` the response is 200 with the finished job if it ends within N (at most 30) seconds.',
    scope: 'jobs:write',
    query: bareQuery,
    headers: ['prefer'],
    body: [
      { contentType: 'application/json', schema: jobRequestSchema, example: JOB_REQUEST },
      picture('multipart/form-data'),
      picture('image/*'),
      picture('application/octet-stream'),
    ],
    answers: {
      200: {
        description: 'Finished within the time of `Prefer: wait`.',
        ...finished,
        headers: ['location', 'preference-applied'],
      },
      202: { description: 'Accepted.', ...queued, headers: ['location', 'retry-after', 'preference-applied'] },
    },
    problems: [
      'invalid_request',
      'malformed_body',
      'unsupported_media_type',
      'body_too_large',
      'body_timeout',
      ...WITH_A_LARGE_BODY,
      'image_unusable',
      'queue_full',
      'daily_limit',
      'source_not_allowed',
      'source_unavailable',
      'job_erased',
    ],
  },
  {
    id: 'listJobs',
    method: 'get',
    path: '/v1/jobs',
    tag: 'jobs',
    summary: 'List jobs, newest first',
    scope: 'jobs:read',
    query: listQuery,
    answers: {
      200: { description: 'A page.', schema: jobPageSchema, example: { data: [SUCCEEDED_JOB], next_cursor: null } },
    },
    problems: ['invalid_request'],
  },
  {
    id: 'getJob',
    method: 'get',
    path: '/v1/jobs/{id}',
    tag: 'jobs',
    summary: 'Read a job',
    description:
      'With `wait` the API responds when the job ends. `If-None-Match` avoids the transfer of a known state.',
    scope: 'jobs:read',
    query: waitQuery,
    headers: ['if-none-match'],
    answers: {
      200: { description: 'The current state of the job.', ...finished, headers: ['etag', 'retry-after'] },
      304: { description: 'As `If-None-Match` says it was.', headers: ['etag'] },
    },
    problems: ['invalid_request', 'not_found'],
  },
  {
    id: 'watchJob',
    method: 'get',
    path: '/v1/jobs/{id}/events',
    tag: 'jobs',
    summary: 'Watch a job',
    description:
      'Server-sent events named `state`, whose data is the job: one at once, one for every change of its state, and ' +
      'after the end the stream closes. A stream that ends before the job does ends with an event `problem`, whose ' +
      'data is a problem document: `unauthorized` or `forbidden` when the key was revoked, expired or lost a scope, ' +
      '`shutting_down` when this process stops; then connect again.',
    scope: 'jobs:read',
    answers: { 200: { description: 'The stream.', contentType: 'text/event-stream' } },
    problems: ['not_found'],
  },
  ...(['portrait', 'card'] as const).map(
    (crop): Operation => ({
      id: crop === 'portrait' ? 'getPortrait' : 'getCardCrop',
      method: 'get',
      path: `/v1/jobs/{id}/{side}/${crop}`,
      tag: 'jobs',
      summary: crop === 'portrait' ? 'Read the portrait' : 'Read the card cut out of its image',
      description: `There only if the job asked for it (\`detect_${crop === 'portrait' ? 'photo' : 'card'}\`) and it was found.`,
      scope: 'results:read',
      answers: { 200: { description: 'The crop.', contentType: 'image/jpeg' } },
      problems: ['not_found'],
    }),
  ),
  {
    id: 'getImage',
    method: 'get',
    path: '/v1/jobs/{id}/{side}/image',
    tag: 'jobs',
    summary: 'Read the image of a side',
    description:
      'As it was submitted, while it is stored: until the outcome, or as long as the job with `keep_images`. ' +
      'Each read is in the audit log.',
    scope: 'images:read',
    answers: { 200: { description: 'The image, with the content type of its format.', contentType: 'image/*' } },
    problems: ['not_found', 'image_gone', 'job_erased'],
  },
  {
    id: 'retryJob',
    method: 'post',
    path: '/v1/jobs/{id}/retry',
    tag: 'jobs',
    summary: 'Try a failed or expired job again',
    description: 'Opens the next generation. Sides that were recognised are kept and cost no further call.',
    scope: 'jobs:write',
    answers: { 202: { description: 'The new generation is open.', ...queued } },
    problems: ['not_found', 'job_not_retryable', 'picture_gone'],
  },
  {
    id: 'cancelJob',
    method: 'post',
    path: '/v1/jobs/{id}/cancel',
    tag: 'jobs',
    summary: 'Cancel a job',
    description: 'Until its outcome is durable. A call that is on the wire may still be billed.',
    scope: 'jobs:write',
    answers: { 200: { description: 'The job, cancelled.', ...finished } },
    problems: ['not_found', 'job_not_cancellable', 'job_erased'],
  },
  {
    id: 'eraseJob',
    method: 'delete',
    path: '/v1/jobs/{id}',
    tag: 'jobs',
    summary: 'Erase a job',
    description:
      'Images, results and webhook bodies become unreadable for good. Erasing twice is erasing once. If the store ' +
      'refuses to delete objects, the response is 202 with `removed_at: null`, and workers retry until they are deleted.',
    scope: 'jobs:erase',
    answers: {
      200: {
        description: 'Erased.',
        schema: jobSchema,
        example: { id: QUEUED_JOB.id, generation: 1, state: 'erased' },
      },
      202: {
        description: 'Erased. Some objects are not deleted yet.',
        schema: jobSchema,
        example: { id: QUEUED_JOB.id, generation: 1, state: 'erased', removed_at: null },
      },
    },
    problems: ['not_found'],
  },
  {
    id: 'getErasureReceipt',
    method: 'get',
    path: '/v1/jobs/{id}/erasure-receipt',
    tag: 'jobs',
    summary: 'Read the receipt of an erasure',
    description: 'A signed statement of what was erased and when, and the key that verifies it.',
    scope: 'jobs:erase',
    answers: {
      200: { description: 'The receipt.', schema: z.object({ receipt: z.unknown(), public_key: z.unknown() }) },
    },
    problems: ['not_found', 'erasure_incomplete'],
  },
];
