/** The parameters of a search, from a form, a link or a program. */
import { z } from 'zod';

/** Forms send a local time without a zone, which means UTC. Programs send a zone. */
const time = z
  .union([z.iso.datetime({ offset: true }), z.iso.datetime({ local: true }).transform((at) => `${at}Z`)])
  .transform((at) => Date.parse(at));

export const jobFilter = {
  tenant: z.string().max(40).optional(),
  state: z.enum(['queued', 'succeeded', 'failed', 'cancelled', 'expired', 'erased']).optional(),
  code: z
    .string()
    .regex(/^[a-z0-9_.-]{1,80}$/)
    .optional(),
  created_after: time.optional(),
  created_before: time.optional(),
};

export const searchSchema = z.strictObject({
  ...jobFilter,
  id: z.string().trim().max(64).optional(),
  reference: z.string().max(128).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().max(64).optional(),
});
export type Search = z.output<typeof searchSchema>;
