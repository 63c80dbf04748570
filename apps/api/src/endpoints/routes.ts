/** Webhook endpoints: made, read and removed by the tenant. The signing secret is shown once. */

import { newId } from '@cardseal/core/job';
import type { EndpointRecord, Versioned } from '@cardseal/core/ledger';
import { newSecret, validateRecipientKey } from '@cardseal/core/webhook';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Authenticate, Caller } from '../auth/index.ts';
import type { ApiContext } from '../context.ts';
import { fromZod, Problem } from '../problems/index.ts';
import { endpointSchema } from './schema.ts';

export function endpointRoutes(app: FastifyInstance, context: ApiContext, authenticate: Authenticate): void {
  const { ledger, clock, log } = context;

  app.post('/v1/webhook-endpoints', async (request, reply) => {
    const caller = await authenticate(request, 'endpoints:write');
    const record = readEndpoint(context, caller, request);
    const id = newId('we', clock.now());
    await ledger.endpoints.create(caller.tenant, id, record);
    log.info('endpoint.created', { tenant: caller.tenant, endpoint_id: id });
    reply.code(201).header('location', `/v1/webhook-endpoints/${id}`);
    return { ...view({ id, version: 1, value: record }), secret: record.secrets[0]!.secret };
  });

  app.get('/v1/webhook-endpoints', async (request) => {
    const { tenant } = await authenticate(request, 'endpoints:read');
    const endpoints = (await ledger.endpoints.list(tenant)).filter(({ value }) => value.state !== 'deleted');
    return { data: endpoints.map(view), next_cursor: null };
  });

  app.get('/v1/webhook-endpoints/:id', async (request) => {
    const { tenant } = await authenticate(request, 'endpoints:read');
    return view(present(await ledger.endpoints.get(tenant, endpointId(request))));
  });

  app.delete('/v1/webhook-endpoints/:id', async (request, reply) => {
    const { tenant } = await authenticate(request, 'endpoints:write');
    const id = endpointId(request);
    present(await ledger.endpoints.get(tenant, id));
    // A deleted endpoint keeps its place, so that late deliveries find out; its secrets and headers go.
    await ledger.endpoints.change(tenant, id, (value) => ({ ...value, state: 'deleted', secrets: [], headers: {} }));
    log.info('endpoint.deleted', { tenant, endpoint_id: id });
    return reply.code(204).send();
  });
}

function readEndpoint({ clock, guard }: ApiContext, caller: Caller, request: FastifyRequest): EndpointRecord {
  const parsed = endpointSchema.safeParse(request.body ?? {});
  if (!parsed.success) throw fromZod(parsed.error);
  const { url, events, payload, public_key, headers } = parsed.data;
  if (payload !== 'reference' && !caller.scopes.includes('results:read')) {
    throw new Problem('forbidden', 'An endpoint that receives results needs a key with the scope results:read.');
  }
  guard.checkUrl(url);
  return {
    url,
    events,
    payload,
    publicKey: public_key === null ? null : recipientKey(public_key),
    headers,
    state: 'enabled',
    secrets: [{ secret: newSecret(), untilMs: null }],
    createdAtMs: clock.now(),
  };
}

/** The public members as a JWK: what was not understood is not kept. */
function recipientKey(input: unknown): string {
  const { jwk, kid } = validateRecipientKey(input);
  return JSON.stringify(kid === undefined ? jwk : { ...jwk, kid });
}

function view({ id, value }: Versioned<EndpointRecord>) {
  const { url, events, payload, publicKey, state, createdAtMs } = value;
  return {
    id,
    url,
    events,
    payload,
    ...(publicKey === null ? {} : { public_key: publicKey }),
    state,
    created_at: new Date(createdAtMs).toISOString(),
  };
}

function endpointId(request: FastifyRequest): string {
  const { id } = request.params as { id: string };
  if (!/^we_[0-9A-Z]{26}$/.test(id)) throw new Problem('not_found');
  return id;
}

function present(record: Versioned<EndpointRecord> | null): Versioned<EndpointRecord> {
  if (!record || record.value.state === 'deleted') throw new Problem('not_found');
  return record;
}
