/** Operations on uploads and batches. */

import { z } from 'zod';
import { BATCH_TYPES, batchResultSchema, batchSchema } from '../routes/batches/index.ts';
import { uploadRequestSchema, uploadTicketSchema } from '../routes/uploads/index.ts';
import { type Operation, WITH_A_LARGE_BODY } from './operation.ts';

const BATCH = {
  id: 'batch_01JGFJJZ00D4W7T5Q8XMEY2RBN',
  state: 'running',
  created_at: '2026-01-01T00:00:00.000Z',
  finished_at: null,
  counts: {
    lines: 3,
    accepted: 2,
    rejected: 1,
    unfinished: 2,
    succeeded: 0,
    failed: 0,
    cancelled: 0,
    expired: 0,
    erased: 0,
  },
  rejected: [{ line: 3, code: 'source_not_allowed', detail: 'Images may come only from buckets on the list.' }],
};

const batch = { schema: batchSchema, example: BATCH };

/** Returned by `POST /v1/uploads`; clients do not build it themselves. */
const signature = z.strictObject({ type: z.string(), size: z.string(), expires: z.string(), signature: z.string() });

export const batchOperations: readonly Operation[] = [
  {
    id: 'createUpload',
    method: 'post',
    path: '/v1/uploads',
    tag: 'uploads',
    summary: 'Ask for a URL to upload an image to',
    description:
      'The response has a signed URL of this API for one image of exactly this size. It is valid for 15 minutes.',
    scope: 'jobs:write',
    body: [
      {
        contentType: 'application/json',
        schema: uploadRequestSchema,
        example: { content_type: 'image/jpeg', size: 245_760 },
      },
    ],
    answers: {
      201: {
        description: 'Where to send the image.',
        schema: uploadTicketSchema,
        example: {
          upload_id: 'upl_01JGFJJZ00D4W7T5Q8XMEY2RBN',
          url: 'https://cardseal.example.com/v1/uploads/bank.upl_01JGFJJZ00D4W7T5Q8XMEY2RBN?…',
          method: 'PUT',
          headers: { 'content-type': 'image/jpeg' },
          expires_at: '2026-01-01T00:15:00.000Z',
        },
      },
    },
    problems: ['invalid_request', 'malformed_body', 'unsupported_media_type', 'body_too_large'],
  },
  {
    id: 'putUpload',
    method: 'put',
    path: '/v1/uploads/{name}',
    tag: 'uploads',
    summary: 'Upload an image',
    description:
      'By the signed URL and without a key, with any declared type. The image is sealed while it streams in. Web pages ' +
      'of the origins in `UPLOAD_ORIGINS` may send it.',
    scope: null,
    query: signature,
    body: [{ contentType: 'image/*' }, { contentType: 'application/octet-stream' }],
    answers: { 204: { description: 'It is there, for 24 hours.' } },
    problems: ['upload_refused', 'unsupported_media_type', 'body_timeout', ...WITH_A_LARGE_BODY, 'store_unavailable'],
  },
  {
    id: 'createBatch',
    method: 'post',
    path: '/v1/batches',
    tag: 'batches',
    summary: 'Submit up to 10,000 cards at once',
    description:
      'A job request per line. Each line is accepted or refused on its own, an oversized line too; objects are read when their turn comes. ' +
      'The event `batch.completed` announces the end.',
    scope: 'jobs:write',
    body: BATCH_TYPES.map((contentType) => ({ contentType })),
    answers: { 202: { description: 'Accepted.', ...batch, headers: ['location'] } },
    problems: [
      'invalid_request',
      'malformed_body',
      'unsupported_media_type',
      'batch_too_large',
      'body_timeout',
      ...WITH_A_LARGE_BODY,
      'queue_full',
      'daily_limit',
    ],
  },
  {
    id: 'getBatch',
    method: 'get',
    path: '/v1/batches/{id}',
    tag: 'batches',
    summary: 'How far a batch is',
    scope: 'jobs:read',
    answers: { 200: { description: 'The current state of the batch.', ...batch } },
    problems: ['not_found'],
  },
  {
    id: 'getBatchResults',
    method: 'get',
    path: '/v1/batches/{id}/results',
    tag: 'batches',
    summary: 'Read what became of every line',
    description: 'A line of JSON for each line of the batch, in its order, at any time.',
    scope: 'jobs:read',
    answers: { 200: { description: 'The lines.', contentType: 'application/x-ndjson', schema: batchResultSchema } },
    problems: ['not_found'],
  },
  {
    id: 'cancelBatch',
    method: 'post',
    path: '/v1/batches/{id}/cancel',
    tag: 'batches',
    summary: 'Cancel a batch',
    description: 'Every line that has not ended. It takes a moment: the batch is `cancelled` when all have.',
    scope: 'jobs:write',
    answers: { 200: { description: 'It is being cancelled.', ...batch } },
    problems: ['not_found'],
  },
];
