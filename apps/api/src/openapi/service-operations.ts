/** Operations about the service itself. */
import { z } from 'zod';
import { quotaSchema } from '../quota/index.ts';
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
    problems: ['store_unavailable'],
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
