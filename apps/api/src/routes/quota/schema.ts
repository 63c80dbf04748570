/** The response of `GET /v1/quota`. Null means unknown: Redis is away, no worker has reported, or a gate has no end. */
import { z } from 'zod';

const perClass = <T extends z.ZodType>(value: T) => z.object({ interactive: value, bulk: value });

const limit = z.object({
  requests_per_second: z.int().nullable(),
  cards_per_day: z.int().nullable(),
  cards_left_today: z.int().nullable().meta({ description: 'Until midnight in Shanghai. Null without a daily limit.' }),
});

export const quotaSchema = z
  .object({
    gate: z.object({
      state: z.enum(['open', 'closed', 'unknown']),
      reason: z.string().nullable().meta({ description: 'Only for a closed credential.' }),
      until: z.iso.datetime().nullable(),
    }),
    rate: z
      .object({
        calls_per_second: z.number().meta({ description: 'As learned from the upstream.' }),
        nominal_calls_per_second: z.number(),
        refused_last_minute: z.int(),
      })
      .nullable(),
    allowance: z
      .object({
        used_today: z.int(),
        left_today: z.int().nullable().meta({ description: 'Null without a daily allowance.' }),
      })
      .nullable(),
    backlog: z
      .object({ ...perClass(z.int()).shape, in_progress: z.int() })
      .nullable()
      .meta({ description: 'Cards of all tenants.' }),
    estimated_wait_s: perClass(z.number().nullable()).meta({ description: 'Of one more card of yours.' }),
    weight: z.number().meta({ description: 'Your share relative to other tenants; the default of a tenant is 1.' }),
    limits: z
      .object({ key: limit, tenant: limit })
      .meta({ description: 'Of this key, and of all keys of the tenant together. Null: not limited.' }),
  })
  .meta({ id: 'Quota' });

export type QuotaView = z.output<typeof quotaSchema>;
