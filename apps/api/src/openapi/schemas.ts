/** The responses of the API as schemas; tests check every response against them. */

import { JOB_STATES } from '@cardseal/core/job';
import { CHECK_CODES, FIELD_NAMES } from '@cardseal/idcard/card';
import { z } from 'zod';
import { PROBLEMS, type ProblemCode } from '../http/problems/index.ts';

const time = z.iso.datetime({ offset: true });
const side = z.enum(['front', 'back']);
const bySide = <Schema extends z.ZodType>(schema: Schema) =>
  z.object({ front: schema.optional(), back: schema.optional() });

export const problemSchema = z
  .object({
    type: z.string().meta({ description: 'The page that explains the code.' }),
    title: z.string(),
    status: z.int().min(400).max(599),
    code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]).meta({ description: 'Stable.' }),
    detail: z.string(),
    request_id: z.string().optional(),
    errors: z.array(z.object({ pointer: z.string(), code: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457. Tell problems apart by `code`.' });

const box = z.object({ left: z.number(), top: z.number(), width: z.number(), height: z.number() });
const fieldReading = z.object({ text: z.string(), box: box.optional() });
const aspect = z.object({ ok: z.boolean().optional(), probability: z.number().optional() });

const sideResult = z
  .object({
    image_status: z.string(),
    direction: z.string().optional(),
    risk: z.object({ type: z.string(), edit_tool: z.string().optional() }).optional(),
    quality: z
      .object({ clear: aspect.optional(), complete: aspect.optional(), uncovered: aspect.optional() })
      .optional(),
    number_check: z.string().optional(),
    fields: z.partialRecord(z.enum(FIELD_NAMES), fieldReading),
    portrait: z.object({ box }).optional().meta({ description: 'Where the portrait is, in the image that was sent.' }),
    card: z.object({ box }).optional().meta({ description: 'Where the card is, in the image that was sent.' }),
    adjusted: z.unknown().optional().meta({ description: 'The changes that fitting made before the image was sent.' }),
    log_id: z.string().optional(),
    provider: z.string(),
  })
  .meta({ id: 'SideResult' });

const resultSchema = z
  .object({
    card: z.object({
      ...Object.fromEntries(FIELD_NAMES.map((name) => [name, z.string().optional()])),
      valid_long_term: z.boolean().optional(),
    }),
    sides: bySide(sideResult),
    checks: z.array(
      z.object({
        code: z.enum(CHECK_CODES as [string, ...string[]]),
        outcome: z.enum(['pass', 'warn', 'fail']),
        side: side.optional(),
      }),
    ),
    verdict: z.enum(['clear', 'review', 'reject']),
  })
  .meta({
    id: 'Result',
    description: 'Masked unless the key has the scope `results:read`. A field that was not read is absent.',
  });

const attempt = z.object({
  side,
  at: time,
  class: z.string().meta({ description: '`accepted`, or the class of the error.' }),
  code: z.string().nullable(),
  latency_ms: z.number().nullable(),
  billed: z.enum(['yes', 'no', 'unknown']),
});

const deliverySummarySchema = z.object({
  id: z.string(),
  endpoint_id: z.string(),
  state: z.string(),
  tries: z.int(),
  last_status: z.int().nullable(),
  next_try_at: time.nullable(),
});

export const jobSchema = z
  .object({
    id: z.string().regex(/^job_[0-9A-HJKMNP-TV-Z]{26}$/),
    generation: z.int().min(1),
    state: z.enum(JOB_STATES),
    waiting_for: z.enum(['worker', 'quota', 'retry', 'provider']).nullable().optional(),
    estimated_start_at: time.nullable().optional(),
    reference: z.string().nullable().optional(),
    metadata: z.record(z.string(), z.string()).optional(),
    created_at: time.nullable().optional(),
    finished_at: time.nullable().optional(),
    sides: bySide(z.object({ state: z.enum(['queued', 'recognized', 'failed']) })).optional(),
    attempts: z.array(attempt).optional(),
    result: resultSchema.optional(),
    failure: z
      .object({ code: z.string(), message: z.string(), side: side.nullable(), retryable: z.boolean() })
      .optional(),
    deliveries: z.array(deliverySummarySchema).optional(),
    erased_at: time.optional(),
    removed_at: time.nullable().optional().meta({
      description:
        'For an erased job: when its last object was deleted. `null` while workers still retry the deletion.',
    }),
    reason: z.enum(['request', 'retention']).optional().meta({ description: 'Why the job was erased.' }),
  })
  .meta({ id: 'Job', description: 'An erased job has only its id, its state and its times.' });

export const jobPageSchema = z
  .object({ data: z.array(jobSchema), next_cursor: z.string().nullable() })
  .meta({ id: 'JobPage', description: 'A page may be shorter than `limit`: go on while there is a `next_cursor`.' });

export const pageOf = (entry: z.ZodType) => z.object({ data: z.array(entry), next_cursor: z.string().nullable() });
