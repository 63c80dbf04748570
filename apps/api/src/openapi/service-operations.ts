/** Operations about the service itself. */
import { z } from 'zod';
import { quotaSchema } from '../routes/quota/index.ts';
import { usageQuery, usageSchema } from '../routes/usage/index.ts';
import type { Operation } from './operation.ts';

export const serviceOperations: readonly Operation[] = [
  {
    id: 'getQuota',
    method: 'get',
    path: '/v1/quota',
    tag: 'quota',
    summary: 'What the upstream quota allows',
    description: 'The gate, the rate, what is left, the backlog and the estimated wait.',
    scope: 'jobs:read',
    answers: { 200: { description: 'As of now.', schema: quotaSchema } },
  },
  {
    id: 'getUsage',
    method: 'get',
    path: '/v1/usage',
    tag: 'quota',
    summary: 'What your keys were used for',
    description: 'Requests, accepted cards and refusals by limits, per key and day.',
    scope: 'jobs:read',
    query: usageQuery,
    answers: {
      200: {
        description: 'Days on which there was something.',
        schema: usageSchema,
        example: {
          data: [{ day: '2026-01-01', key_id: 'a1b2c3d4e5f6', requests: 1200, cards: 800, refused: 3 }],
          next_cursor: null,
        },
      },
    },
    problems: ['invalid_request'],
  },
  {
    id: 'isAlive',
    method: 'get',
    path: '/healthz',
    tag: 'service',
    summary: 'Whether the process answers',
    scope: null,
    answers: {
      200: { description: 'It does.', schema: z.object({ status: z.literal('ok') }), example: { status: 'ok' } },
    },
  },
  {
    id: 'isReady',
    method: 'get',
    path: '/readyz',
    tag: 'service',
    summary: 'Whether work is accepted',
    description: 'It takes the store; Redis may be away.',
    scope: null,
    answers: {
      200: {
        description: 'It is.',
        schema: z.object({ status: z.literal('ok'), redis: z.enum(['ok', 'away']) }),
        example: { status: 'ok', redis: 'ok' },
      },
    },
    problems: ['store_unavailable', 'shutting_down'],
  },
  {
    id: 'getOpenApi',
    method: 'get',
    path: '/openapi.json',
    tag: 'service',
    summary: 'This document',
    scope: null,
    answers: { 200: { description: 'OpenAPI 3.1.', schema: z.looseObject({ openapi: z.string() }) } },
  },
];
