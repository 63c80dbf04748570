/** What a webhook endpoint may be told to do. */
import { EVENT_TYPES } from '@cardseal/core/ledger';
import { z } from 'zod';

/** Names that a sender must not be made to forge or break. */
const RESERVED =
  /^(host|content-.*|transfer-encoding|connection|te|upgrade|expect|user-agent|webhook-.*|traceparent)$/i;

const headers = z
  .record(
    z
      .string()
      .regex(/^[A-Za-z0-9-]{1,64}$/, 'is not a header name')
      .refine((name) => !RESERVED.test(name), 'is set by us'),
    z.string().regex(/^[\x20-\x7e]{0,1024}$/, 'is not a header value'),
  )
  .refine((value) => Object.keys(value).length <= 16, 'holds at most 16 headers');

export const endpointSchema = z
  .strictObject({
    url: z.string().min(1).max(2048),
    events: z.array(z.enum(EVENT_TYPES)).min(1).nullable().default(null),
    payload: z.enum(['full', 'reference', 'encrypted']).default('full'),
    public_key: z
      .union([z.string().max(8192), z.record(z.string(), z.unknown())])
      .nullable()
      .default(null),
    headers: headers.default({}),
  })
  .refine((value) => (value.payload === 'encrypted') === (value.public_key !== null), {
    path: ['public_key'],
    message: 'belongs to payload `encrypted`, which cannot be without it',
  })
  .meta({ id: 'WebhookEndpointRequest' });
