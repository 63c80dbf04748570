/** Operations on webhook endpoints and deliveries. */
import { z } from 'zod';
import { endpointChangeSchema, endpointSchema, recoverySchema, rotationSchema } from '../routes/endpoints/schema.ts';
import type { Operation, RequestBody } from './operation.ts';
import { pageOf } from './schemas.ts';

const time = z.iso.datetime({ offset: true });

const endpoint = z
  .object({
    id: z.string(),
    url: z.string(),
    events: z.array(z.string()).nullable(),
    payload: z.enum(['full', 'reference', 'encrypted']),
    public_key: z.unknown().optional(),
    headers: z.array(z.string()).meta({ description: 'Names only: values are never shown.' }),
    max_rate: z.number().nullable(),
    state: z.enum(['enabled', 'disabled']),
    health: z.enum(['healthy', 'failing', 'held', 'disabled']),
    health_since: time.nullable().meta({ description: 'When the present health began; null before the first change.' }),
    health_reason: z
      .object({
        class: z.string().meta({ description: 'As in the record of a delivery: `connection`, `tls`, `timeout` …' }),
        status: z.number().int().nullable(),
      })
      .nullable()
      .meta({ description: 'The response that made it `failing`, or `disabled` by Cardseal; null otherwise.' }),
    held_until: time.nullable(),
    disabled_by: z.enum(['owner', 'gone', 'failing']).optional(),
    secrets: z.number().int().meta({ description: 'How many sign at the moment: 1 to 3.' }),
    created_at: time,
    expires_at: time.nullable().meta({ description: 'When it is deleted by itself; see `expires_in`.' }),
  })
  .meta({ id: 'WebhookEndpoint' });

const endpointWithSecret = endpoint
  .extend({ secret: z.string().meta({ description: 'Shown here and on rotation, never again.' }) })
  .meta({ id: 'WebhookEndpointWithSecret' });

const delivery = z
  .object({
    id: z.string(),
    job_id: z.string().nullable(),
    generation: z.number().int(),
    event_type: z.string().optional().meta({ description: 'In the list of an endpoint.' }),
    endpoint_id: z.string(),
    state: z.enum(['undelivered', 'delivered', 'exhausted', 'parked']),
    tries: z.number().int(),
    last_status: z.number().int().nullable(),
    next_try_at: time.nullable(),
  })
  .meta({ id: 'Delivery' });

const deliveryWithTries = delivery
  .extend({
    entries: z.array(
      z.object({
        number: z.number().int(),
        at: time,
        class: z.string().meta({ description: '`delivered`, `timeout` …, or `resent` for a new budget of attempts.' }),
        status: z.number().int().nullable(),
        latency_ms: z.number().int(),
        next_try_at: time.nullable(),
        held_until: time.nullable(),
        broken_body: z.boolean().meta({
          description: 'A status arrived, but the body did not end as its headers say. The status alone counts.',
        }),
        answer: z
          .object({ base64: z.string(), text: z.string() })
          .nullable()
          .meta({ description: 'The first 4 KiB of a failed answer; null without the scope `results:read`.' }),
      }),
    ),
  })
  .meta({ id: 'DeliveryWithTries' });

const recovery = z
  .object({
    id: z.string().nullable().meta({ description: 'null in a dry run.' }),
    endpoint_id: z.string(),
    state: z.enum(['running', 'dry_run']),
    since: time,
    until: time,
    counts: z.object({
      outcomes: z.number().int().meta({ description: 'Of jobs submitted in that time, delivered or not.' }),
      complete: z.boolean().meta({ description: 'False when there are more.' }),
    }),
  })
  .meta({ id: 'WebhookRecovery' });

const ENDPOINT = {
  id: 'we_01JGFJJZ00D4W7T5Q8XMEY2RBN',
  url: 'https://consumer.example.com/cardseal',
  events: null,
  payload: 'reference',
  headers: [],
  max_rate: null,
  state: 'enabled',
  health: 'healthy',
  health_since: null,
  health_reason: null,
  held_until: null,
  secrets: 1,
  created_at: '2026-01-01T00:00:00.000Z',
  expires_at: null,
} as const;

const tag = 'webhooks' as const;
const one = '/v1/webhook-endpoints/{id}';

export const webhookOperations: readonly Operation[] = [
  {
    id: 'createWebhookEndpoint',
    method: 'post',
    path: '/v1/webhook-endpoints',
    tag,
    summary: 'Register a webhook endpoint',
    description: 'Payloads `full` and `encrypted` need the scope `results:read` too. See docs/use/webhooks.md.',
    scope: 'endpoints:write',
    body: [
      {
        contentType: 'application/json',
        schema: endpointSchema,
        example: { url: 'https://8.8.8.8/cardseal', payload: 'reference' },
      },
    ],
    answers: {
      201: {
        description: 'Registered.',
        schema: endpointWithSecret,
        example: { ...ENDPOINT, secret: 'whsec_…' },
        headers: ['location'],
      },
    },
    problems: [
      'invalid_request',
      'malformed_body',
      'unsupported_media_type',
      'webhook_target_refused',
      'public_key_invalid',
    ],
  },
  {
    id: 'listWebhookEndpoints',
    method: 'get',
    path: '/v1/webhook-endpoints',
    tag,
    summary: 'List webhook endpoints',
    scope: 'endpoints:read',
    answers: {
      200: { description: 'All of them.', schema: pageOf(endpoint), example: { data: [ENDPOINT], next_cursor: null } },
    },
  },
  {
    id: 'getWebhookEndpoint',
    method: 'get',
    path: one,
    tag,
    summary: 'Read a webhook endpoint',
    scope: 'endpoints:read',
    answers: { 200: { description: 'The endpoint.', schema: endpoint, example: ENDPOINT } },
    problems: ['not_found'],
  },
  {
    id: 'changeWebhookEndpoint',
    method: 'patch',
    path: one,
    tag,
    summary: 'Change a webhook endpoint',
    scope: 'endpoints:write',
    body: [{ contentType: 'application/json', schema: endpointChangeSchema, example: { state: 'disabled' } }],
    answers: { 200: { description: 'As it is now.', schema: endpoint, example: ENDPOINT } },
    problems: [
      'invalid_request',
      'malformed_body',
      'unsupported_media_type',
      'not_found',
      'webhook_target_refused',
      'public_key_invalid',
    ],
  },
  {
    id: 'deleteWebhookEndpoint',
    method: 'delete',
    path: one,
    tag,
    summary: 'Delete a webhook endpoint',
    scope: 'endpoints:write',
    answers: { 204: { description: 'Deleted.' } },
    problems: ['not_found'],
  },
  action(
    'rotateWebhookSecret',
    'rotate-secret',
    'Make a new signing secret',
    'The old one stays valid for an overlap.',
    200,
    { contentType: 'application/json', schema: rotationSchema, example: { overlap: 3600 } },
  ),
  action('testWebhookEndpoint', 'test', 'Send a signed test event', 'An `endpoint.test`.', 202),
  {
    ...action(
      'recoverWebhookEndpoint',
      'recover',
      'Send again what an endpoint missed',
      'Every outcome since a time that was not delivered, in the background. `counts` are the outcomes of that time.',
      202,
      { contentType: 'application/json', schema: recoverySchema, example: { since: '2026-01-01T00:00:00Z' } },
    ),
    answers: {
      200: { description: 'The counts of a dry run.', schema: recovery },
      202: { description: 'On its way.', schema: recovery },
    },
  },
  action('enableWebhookEndpoint', 'enable', 'Enable a webhook endpoint', 'Parked deliveries come back.', 200),
  {
    id: 'listEndpointDeliveries',
    method: 'get',
    path: `${one}/deliveries`,
    tag,
    summary: 'List the deliveries of an endpoint',
    scope: 'endpoints:read',
    answers: { 200: { description: 'A page.', schema: pageOf(delivery) } },
    problems: ['invalid_request', 'not_found'],
  },
  {
    id: 'listDeliveries',
    method: 'get',
    path: '/v1/deliveries',
    tag,
    summary: 'List deliveries',
    scope: 'endpoints:read',
    answers: { 200: { description: 'A page.', schema: pageOf(delivery) } },
    problems: ['invalid_request'],
  },
  {
    id: 'getDelivery',
    method: 'get',
    path: '/v1/deliveries/{id}',
    tag,
    summary: 'Read a delivery and its tries',
    scope: 'endpoints:read',
    answers: { 200: { description: 'The delivery.', schema: deliveryWithTries } },
    problems: ['not_found'],
  },
  {
    id: 'resendDelivery',
    method: 'post',
    path: '/v1/deliveries/{id}/resend',
    tag,
    summary: 'Send a delivery again',
    description: 'The same bytes under the same `webhook-id`.',
    scope: 'endpoints:write',
    answers: { 202: { description: 'On its way.' } },
    problems: ['not_found'],
  },
];

function action(
  id: string,
  verb: string,
  summary: string,
  description: string,
  status: number,
  body?: RequestBody,
): Operation {
  return {
    id,
    method: 'post',
    path: `${one}/${verb}`,
    tag,
    summary,
    description,
    scope: 'endpoints:write',
    ...(body ? { body: [body] } : {}),
    answers: { [status]: { description } },
    problems: ['invalid_request', 'malformed_body', 'unsupported_media_type', 'not_found'],
  };
}
