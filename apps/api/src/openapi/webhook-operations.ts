/** Operations on webhook endpoints and deliveries. */
import { z } from 'zod';
import { endpointSchema } from '../endpoints/schema.ts';
import type { Operation } from './operation.ts';
import { pageOf } from './schemas.ts';

const time = z.iso.datetime({ offset: true });

const endpoint = z
  .object({
    id: z.string(),
    url: z.string(),
    events: z.array(z.string()).nullable(),
    payload: z.enum(['full', 'reference', 'encrypted']),
    public_key: z.unknown().optional(),
    state: z.string(),
    created_at: time,
  })
  .meta({ id: 'WebhookEndpoint' });

const endpointWithSecret = endpoint
  .extend({ secret: z.string().meta({ description: 'Shown here and on rotation, never again.' }) })
  .meta({ id: 'WebhookEndpointWithSecret' });

const delivery = z
  .object({ id: z.string(), endpoint_id: z.string().optional(), state: z.string().optional() })
  .meta({ id: 'Delivery' });

const ENDPOINT = {
  id: 'we_01JGFJJZ00D4W7T5Q8XMEY2RBN',
  url: 'https://consumer.example.com/cardseal',
  events: null,
  payload: 'reference',
  state: 'enabled',
  created_at: '2026-01-01T00:00:00.000Z',
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
    description: 'Payloads `full` and `encrypted` need the scope `results:read` too. See docs/webhooks.md.',
    scope: 'endpoints:write',
    headers: ['idempotency-key'],
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
    headers: ['idempotency-key'],
    body: [{ contentType: 'application/json', schema: z.looseObject({}) }],
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
  ),
  action('testWebhookEndpoint', 'test', 'Send a signed test event', 'An `endpoint.test`.', 202),
  action('recoverWebhookEndpoint', 'recover', 'Send again what an endpoint missed', 'All events since a time.', 202),
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
    id: 'resendDelivery',
    method: 'post',
    path: '/v1/deliveries/{id}/resend',
    tag,
    summary: 'Send a delivery again',
    description: 'The same bytes under the same `webhook-id`.',
    scope: 'endpoints:write',
    headers: ['idempotency-key'],
    answers: { 202: { description: 'On its way.' } },
    problems: ['not_found'],
  },
];

function action(id: string, verb: string, summary: string, description: string, status: number): Operation {
  return {
    id,
    method: 'post',
    path: `${one}/${verb}`,
    tag,
    summary,
    description,
    scope: 'endpoints:write',
    headers: ['idempotency-key'],
    answers: { [status]: { description } },
    problems: ['invalid_request', 'malformed_body', 'unsupported_media_type', 'not_found'],
  };
}
