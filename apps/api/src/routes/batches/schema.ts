/** A batch as its owner sees it. */
import { z } from 'zod';
import { jobSchema } from '../../openapi/schemas.ts';

const count = z.int().min(0);

export const batchSchema = z
  .object({
    id: z.string().regex(/^batch_[0-9A-HJKMNP-TV-Z]{26}$/),
    state: z.enum(['running', 'completed', 'cancelled']),
    created_at: z.iso.datetime(),
    finished_at: z.iso.datetime().nullable(),
    counts: z.object({
      lines: count,
      accepted: count,
      rejected: count,
      unfinished: count,
      succeeded: count,
      failed: count,
      cancelled: count,
      expired: count,
      erased: count,
    }),
    rejected: z.array(z.object({ line: z.int().min(1), code: z.string(), detail: z.string() })),
  })
  .meta({ id: 'Batch', description: 'Lines count from 1. A refused line never fails its neighbours.' });

export type BatchView = z.output<typeof batchSchema>;
export type BatchCounts = BatchView['counts'];

export const batchResultSchema = z
  .object({
    line: z.int().min(1),
    job: jobSchema.optional(),
    rejected: z.object({ code: z.string(), detail: z.string() }).optional(),
  })
  .meta({ id: 'BatchResult', description: 'The job of the line, or why there is none.' });
