/** Webhook endpoints: the tenant creates, reads, changes and removes them. A signing secret is shown once. */
import { deletedEndpoint, type EndpointRecord, endpointMissing, SYSTEM_TENANT } from '@cardseal/core/ledger';
import { describeError } from '@cardseal/core/log';
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../../context.ts';
import type { Authenticate } from '../../http/auth/index.ts';
import { idForMaking } from '../../http/idempotency/index.ts';
import { deliveryRoutes } from '../deliveries/routes.ts';
import { endpointActions } from './actions.ts';
import { disable, enable } from './enabling.ts';
import { createLaneReader } from './limit-states.ts';
import { parse, readChange, readEndpoint } from './read-endpoint.ts';
import { endpointChangeSchema, endpointSchema } from './schema.ts';
import { sendTest } from './send-test.ts';
import { endpointId, endpointView, present, stillPresent } from './view.ts';

export function endpointRoutes(app: FastifyInstance, context: ApiContext, authenticate: Authenticate): void {
  const { ledger, clock, log } = context;
  const readLane = createLaneReader(app, context);

  /** The context whose guard allows the targets in the tenant's list. */
  async function forTenant(tenant: string): Promise<ApiContext> {
    const record = await ledger.tenants.records.get(SYSTEM_TENANT, tenant);
    return { ...context, guard: context.guard.forTenant(record?.value.webhookTargets) };
  }

  app.post('/v1/webhook-endpoints', { config: { input: endpointSchema } }, async (request, reply) => {
    const caller = await authenticate(request, 'endpoints:write');
    const value = readEndpoint(await forTenant(caller.tenant), caller, request.body);
    const id = idForMaking(request, 'we', clock.now());
    const fresh = await ledger.tenants.endpoints.create(caller.tenant, id, value);
    // Or an earlier attempt with the same Idempotency-Key created it and crashed before the response.
    const created = fresh
      ? { id, version: 1, value }
      : stillPresent(await ledger.tenants.endpoints.get(caller.tenant, id), { tenant: caller.tenant, endpoint: id });
    log.info('endpoint.created', { tenant: caller.tenant, endpoint_id: id });
    // Not awaited: the consumer may need this response to learn the secret that verifies the event.
    sendTest(context, caller.tenant, created).catch((error) =>
      log.warn('endpoint.test_not_sent', { tenant: caller.tenant, endpoint_id: id, ...describeError(error) }),
    );
    reply.code(201).header('location', `/v1/webhook-endpoints/${id}`);
    return { ...endpointView(created, null, clock.now()), secret: created.value.secrets[0]!.secret };
  });

  app.get('/v1/webhook-endpoints', async (request) => {
    const { tenant } = await authenticate(request, 'endpoints:read');
    const endpoints = (await ledger.tenants.endpoints.list(tenant)).filter(({ value }) => value.state !== 'deleted');
    const views = endpoints.map(async (one) => endpointView(one, await readLane(tenant, one.id), clock.now()));
    return { data: await Promise.all(views), next_cursor: null };
  });

  app.get('/v1/webhook-endpoints/:id', async (request) => {
    const { tenant } = await authenticate(request, 'endpoints:read');
    const endpoint = present(await ledger.tenants.endpoints.get(tenant, endpointId(request)));
    return endpointView(endpoint, await readLane(tenant, endpoint.id), clock.now());
  });

  app.patch('/v1/webhook-endpoints/:id', { config: { input: endpointChangeSchema } }, async (request) => {
    const caller = await authenticate(request, 'endpoints:write');
    const { tenant } = caller;
    const id = endpointId(request);
    present(await ledger.tenants.endpoints.get(tenant, id));
    const change = readChange(await forTenant(tenant), caller, request.body);
    const { state } = parse(endpointChangeSchema, request.body);
    let changed = stillPresent(await ledger.tenants.endpoints.change(tenant, id, change), { tenant, endpoint: id });
    if (state === 'disabled') changed = await disable(context, tenant, id);
    if (state === 'enabled') changed = await enable(context, tenant, id);
    log.info('endpoint.changed', { tenant, endpoint_id: id, ...(state ? { state } : {}) });
    return endpointView(changed, await readLane(tenant, id), clock.now());
  });

  app.delete('/v1/webhook-endpoints/:id', async (request, reply) => {
    const { tenant } = await authenticate(request, 'endpoints:write');
    const id = endpointId(request);
    present(await ledger.tenants.endpoints.get(tenant, id));
    // The record stays with the state `deleted`, because only that state settles pending deliveries. Secrets and
    // headers are removed.
    const gone = (value: EndpointRecord): EndpointRecord => ({ ...deletedEndpoint(value), expiresAtMs: null });
    if (!(await ledger.tenants.endpoints.change(tenant, id, gone))) throw endpointMissing({ tenant, endpoint: id });
    log.info('endpoint.deleted', { tenant, endpoint_id: id });
    return reply.code(204).send();
  });

  endpointActions(app, context, authenticate, readLane);
  deliveryRoutes(app, context, authenticate);
}
