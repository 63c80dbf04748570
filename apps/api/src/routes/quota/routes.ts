/** `GET /v1/quota`. */
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../../context.ts';
import type { Authenticate } from '../../http/auth/index.ts';
import { readQuota } from './read-quota.ts';

export function quotaRoutes(app: FastifyInstance, context: ApiContext, authenticate: Authenticate): void {
  app.get('/v1/quota', async (request, reply) => {
    const caller = await authenticate(request, 'jobs:read');
    return reply.header('cache-control', 'private, no-store').send(await readQuota(context, caller));
  });
}
