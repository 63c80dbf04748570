/** `/tenants`: pages and lists of tenants and their API keys. Only owners may change them. */
import { type ApiKeyRecord, SYSTEM_TENANT, type Versioned } from '@cardseal/core/ledger';
import type { FastifyInstance } from 'fastify';
import { sendPage } from '../actions/action.ts';
import { mayActAs } from '../auth/session.ts';
import type { AdminContext } from '../context.ts';
import { page } from '../pages/layout.ts';
import { keyActions } from './key-actions.ts';
import { tenantPage, tenantsPage } from './page.ts';
import { readTenant } from './read.ts';
import { tenantActions } from './tenant-actions.ts';

export function tenantRoutes(app: FastifyInstance, context: AdminContext): void {
  const { ledger, clock } = context;

  app.get('/tenants', async (request, reply) => {
    const session = request.session!;
    const body = tenantsPage(await ledger.tenants.records.list(SYSTEM_TENANT), mayActAs(session.role, 'owner'));
    return sendPage(reply, page({ title: 'Tenants', place: '/tenants', session, body }));
  });
  app.get('/tenants/:tenant', async (request, reply) => {
    const session = request.session!;
    const tenant = await readTenant(ledger, request.params as Record<string, string>);
    const keys = await ledger.tenants.apiKeys.list(tenant.id);
    const body = tenantPage(tenant, keys, mayActAs(session.role, 'owner'), clock.now());
    return sendPage(reply, page({ title: tenant.id, place: '/tenants', session, body }));
  });
  app.get('/api/tenants', async () => ({
    data: (await ledger.tenants.records.list(SYSTEM_TENANT)).map(({ id, value }) => ({
      id,
      name: value.name,
      weight: value.weight ?? 1,
      limits: value.limits ?? {},
      retention: value.retention ?? {},
      webhookTargets: value.webhookTargets ?? [],
      createdAtMs: value.createdAtMs,
    })),
  }));
  app.get('/api/tenants/:tenant/keys', async (request) => {
    const { id } = await readTenant(ledger, request.params as Record<string, string>);
    return { data: (await ledger.tenants.apiKeys.list(id)).map(keyView) };
  });

  tenantActions(app, context);
  keyActions(app, context, keyView);
}

function keyView({ id, value }: Versioned<ApiKeyRecord>) {
  const { scopes, limits = {}, createdAtMs, expiresAtMs, revokedAtMs } = value;
  return { id, scopes, limits, createdAtMs, expiresAtMs, revokedAtMs };
}
