/** Lists deliveries and attempts from the ledger, and sends one again. */

import { resendDelivery } from '@cardseal/core/use-cases';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import type { Authenticate } from '../../http/auth/index.ts';
import { wholeNumber } from '../../http/json/whole-number.ts';
import { Problem, validated } from '../../http/problems/index.ts';
import { stillPresent } from '../endpoints/view.ts';
import { listOfEndpoint, listUndelivered, readDelivery } from './list.ts';
import { parseDeliveryId, tryView } from './view.ts';

const page = {
  limit: wholeNumber(1, 100).default(50),
  cursor: z
    .string()
    .regex(/^[A-Za-z0-9._~-]{1,300}$/)
    .optional(),
};
const undeliveredQuery = z.strictObject({ ...page, state: z.enum(['undelivered']).default('undelivered') });
const endpointQuery = z.strictObject({
  ...page,
  state: z.enum(['undelivered', 'delivered', 'exhausted', 'parked']).optional(),
});

export function deliveryRoutes(app: FastifyInstance, context: ApiContext, authenticate: Authenticate): void {
  const { ledger, jobQueue, clock, log } = context;

  app.get('/v1/deliveries', async (request) => {
    const { tenant } = await authenticate(request, 'endpoints:read');
    const { limit, cursor } = validated(undeliveredQuery, request.query);
    return listUndelivered(context, tenant, limit, cursor);
  });

  app.get('/v1/webhook-endpoints/:id/deliveries', async (request) => {
    const { tenant } = await authenticate(request, 'endpoints:read');
    const { id } = request.params as { id: string };
    const endpoint = /^we_[0-9A-Z]{26}$/.test(id) ? await ledger.tenants.endpoints.get(tenant, id) : null;
    if (!endpoint || endpoint.value.state === 'deleted') throw new Problem('not_found');
    return listOfEndpoint(context, tenant, id, validated(endpointQuery, request.query));
  });

  app.get('/v1/deliveries/:id', async (request) => {
    const caller = await authenticate(request, 'endpoints:read');
    const ref = deliveryRef(caller.tenant, request);
    const view = await readDelivery(context, ref);
    if (!view) throw new Problem('not_found');
    const tries = (await ledger.deliveries.records.tries(ref)).map(tryView);
    // The response of a receiver may quote what it was sent, so it counts as personal data.
    const seesAnswers = caller.scopes.includes('results:read');
    return { ...view, entries: seesAnswers ? tries : tries.map((entry) => ({ ...entry, answer: null })) };
  });

  app.post('/v1/deliveries/:id/resend', async (request, reply) => {
    const { tenant } = await authenticate(request, 'endpoints:write');
    const ref = deliveryRef(tenant, request);
    if (!(await readDelivery(context, ref))) throw new Problem('not_found');
    // The delivery names the endpoint, so a missing record is a fault of the store.
    stillPresent(await ledger.tenants.endpoints.get(tenant, ref.endpoint), ref);
    await resendDelivery({ ledger, jobQueue, clock }, ref);
    log.info('delivery.resent', { tenant, job_id: ref.job, generation: ref.generation, endpoint_id: ref.endpoint });
    return reply.code(202).send(await readDelivery(context, ref));
  });
}

function deliveryRef(tenant: string, request: FastifyRequest) {
  const ref = parseDeliveryId(tenant, (request.params as { id: string }).id);
  if (!ref) throw new Problem('not_found');
  return ref;
}
