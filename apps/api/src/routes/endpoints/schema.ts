/** The settings of a webhook endpoint in requests. */
import { EVENT_TYPES } from '@cardseal/core/ledger';
import { z } from 'zod';

const url = z.string().min(1).max(2048);
const events = z.array(z.enum(EVENT_TYPES)).min(1).nullable();
const payload = z.enum(['full', 'reference', 'encrypted']);
const publicKey = z
  .union([z.string().max(8192), z.record(z.string(), z.unknown())], { error: 'must be a public key as JWK or PEM' })
  .nullable();
/** `readEndpointHeaders` checks names and values, by the rules that the sender relies on. */
const headers = z.record(z.string().max(64), z.string().max(1024));
const maxRate = z
  .number()
  .min(0.1)
  .max(1000)
  .nullable()
  .meta({ description: 'The most webhooks a second, however many are due; null for no limit.' });

const MAX_LIFE_S = 366 * 86_400;
const expiresIn = z.number().int().min(1).max(MAX_LIFE_S).nullable().meta({
  description:
    'Seconds from now after which the endpoint is deleted: it gets no new deliveries and is not found any more. null for no end.',
});

const keyBelongs = {
  path: ['public_key'],
  message: 'belongs to payload `encrypted`, which cannot be without it',
};

export const endpointSchema = z
  .strictObject({
    url,
    events: events.default(null),
    payload: payload.default('full'),
    public_key: publicKey.default(null),
    headers: headers.default({}),
    max_rate: maxRate.default(null),
    expires_in: expiresIn.default(null),
  })
  .refine((value) => (value.payload === 'encrypted') === (value.public_key !== null), keyBelongs)
  .meta({ id: 'WebhookEndpointRequest' });

/** Only the given members change. */
export const endpointChangeSchema = z
  .strictObject({
    url,
    events,
    payload,
    public_key: publicKey,
    headers,
    max_rate: maxRate,
    expires_in: expiresIn,
    state: z.enum(['enabled', 'disabled']),
  })
  .partial()
  .meta({ id: 'WebhookEndpointChange' });

export const rotationSchema = z
  .strictObject({
    overlap: z
      .number()
      .int()
      .min(0)
      .max(7 * 86_400)
      .default(86_400)
      .meta({ description: 'Seconds for which the old secret still signs together with the new one.' }),
  })
  .meta({ id: 'WebhookSecretRotation' });

const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

export const recoverySchema = z
  .strictObject({
    since: time,
    until: time.optional(),
    dry_run: z
      .boolean()
      .default(false)
      .meta({ description: 'Only counts: the response is a 200 with `counts`, and nothing is sent.' }),
  })
  .refine(({ since, until }) => until === undefined || until > since, {
    path: ['until'],
    message: 'must be later than `since`',
  });
