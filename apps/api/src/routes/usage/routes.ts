/** `GET /v1/usage`: the usage of the tenant's keys, by day. */
import { usageDay } from '@cardseal/core/ledger';
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../../context.ts';
import type { Authenticate } from '../../http/auth/index.ts';
import { validated } from '../../http/problems/index.ts';
import { usageQuery } from './schema.ts';

const DAY_MS = 86_400_000;

export function usageRoutes(app: FastifyInstance, context: ApiContext, authenticate: Authenticate): void {
  app.get('/v1/usage', async (request, reply) => {
    const { tenant } = await authenticate(request, 'jobs:read');
    const query = validated(usageQuery, request.query);
    const nowMs = context.clock.now();
    await context.usage.flush(tenant);
    const from = usageDay(nowMs - (query.days - 1) * DAY_MS);
    const days = await context.ledger.tenants.keyUsage.read(tenant, from, usageDay(nowMs));
    const data = days.map(({ apiKeyId, ...day }) => ({ key_id: apiKeyId, ...day }));
    return reply.header('cache-control', 'private, no-store').send({ data, next_cursor: null });
  });
}
