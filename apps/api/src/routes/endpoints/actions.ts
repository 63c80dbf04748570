/** Actions on an endpoint besides changes: a new secret, a test, enabling, recovery. */

import type { EndpointRecord } from '@cardseal/core/ledger';
import { countOutcomes } from '@cardseal/core/use-cases';
import { MAX_LIVE_SECRETS, newSecret } from '@cardseal/webhook';
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../../context.ts';
import type { Authenticate } from '../../http/auth/index.ts';
import { enable } from './enabling.ts';
import type { ReadLane } from './limit-states.ts';
import { invalid, parse } from './read-endpoint.ts';
import { beginRecovery } from './recover.ts';
import { recoverySchema, rotationSchema } from './schema.ts';
import { sendTest } from './send-test.ts';
import { endpointId, endpointView, present, stillPresent } from './view.ts';

export function endpointActions(
  app: FastifyInstance,
  context: ApiContext,
  authenticate: Authenticate,
  readLane: ReadLane,
): void {
  const { ledger, clock, log } = context;
  const one = '/v1/webhook-endpoints/:id';

  app.post(`${one}/rotate-secret`, { config: { input: rotationSchema } }, async (request) => {
    const { tenant } = await authenticate(request, 'endpoints:write');
    const id = endpointId(request);
    present(await ledger.tenants.endpoints.get(tenant, id));
    const { overlap } = parse(rotationSchema, request.body);
    const secret = newSecret();
    const rotated = await ledger.tenants.endpoints.change(tenant, id, (value) =>
      rotate(value, secret, clock.now(), overlap * 1000),
    );
    log.info('endpoint.secret_rotated', { tenant, endpoint_id: id });
    return {
      ...endpointView(stillPresent(rotated, { tenant, endpoint: id }), await readLane(tenant, id), clock.now()),
      secret,
    };
  });

  app.post(`${one}/test`, async (request, reply) => {
    const { tenant } = await authenticate(request, 'endpoints:write');
    const endpoint = present(await ledger.tenants.endpoints.get(tenant, endpointId(request)));
    return reply.code(202).send(await sendTest(context, tenant, endpoint));
  });

  app.post(`${one}/enable`, async (request) => {
    const { tenant } = await authenticate(request, 'endpoints:write');
    const id = endpointId(request);
    present(await ledger.tenants.endpoints.get(tenant, id));
    const endpoint = await enable(context, tenant, id);
    log.info('endpoint.enabled', { tenant, endpoint_id: id });
    return endpointView(endpoint, await readLane(tenant, id), clock.now());
  });

  app.post(`${one}/recover`, { config: { input: recoverySchema } }, async (request, reply) => {
    const { tenant } = await authenticate(request, 'endpoints:write');
    const endpoint = present(await ledger.tenants.endpoints.get(tenant, endpointId(request)));
    const nowMs = clock.now();
    const { since, until = nowMs, dry_run: isDry } = parse(recoverySchema, request.body);
    if (since > nowMs) throw invalid('/since', 'must not be in the future: nothing can have been missed after now');
    if (endpoint.value.state !== 'enabled') throw invalid('', 'The endpoint is disabled: enable it first.');
    // The recovery starts now, so it cannot include later outcomes.
    const recovery = { kind: 'since' as const, sinceMs: since, untilMs: Math.min(until, nowMs) };
    const counts = await countOutcomes(context, tenant, endpoint.value, recovery);
    const times = { since: new Date(since).toISOString(), until: new Date(recovery.untilMs).toISOString() };
    const answer = { endpoint_id: endpoint.id, ...times, counts };
    if (isDry) return { id: null, state: 'dry_run', ...answer };
    const id = await beginRecovery(context, tenant, endpoint.id, recovery);
    return reply.code(202).send({ id, state: 'running', ...answer });
  });
}

/**
 * The new secret first. Older ones end with the overlap, or earlier if that was set before; at most three are valid.
 */
function rotate(value: EndpointRecord, secret: string, nowMs: number, overlapMs: number): EndpointRecord {
  const endMs = nowMs + overlapMs;
  const older = value.secrets
    .map((one) => ({ ...one, untilMs: Math.min(one.untilMs ?? endMs, endMs) }))
    .filter(({ untilMs }) => untilMs > nowMs);
  return { ...value, secrets: [{ secret, untilMs: null }, ...older].slice(0, MAX_LIVE_SECRETS) };
}
