/** What the API counts: each request by its route pattern, never by its path, which holds ids. */
import type { Metrics } from '@cardseal/core/metrics';
import type { FastifyInstance } from 'fastify';
import { problemSentTo, REFUSALS } from './http/problems/index.ts';

/** Requests that wait by design: their time says nothing about the API. */
const WAITING = ['/v1/jobs/:id/events', '/v1/batches/:id/events'];

export function measureRequests(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    metrics.count('cardseal_http_requests_total', { method: request.method, route, status: String(reply.statusCode) });
    const refused = problemSentTo(reply);
    if (refused && REFUSALS.has(refused) && route !== '/readyz') {
      metrics.count('cardseal_requests_refused_total', { reason: refused });
    }
    const waits = WAITING.includes(route) || Object.hasOwn(Object(request.query), 'wait');
    if (!waits) metrics.observe('cardseal_http_request_seconds', { route }, reply.elapsedTime / 1000);
  });
}
