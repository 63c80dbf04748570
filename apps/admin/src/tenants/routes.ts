/** `/tenants`: who they are, their share, and their keys. Owners alone change them; secrets are shown once. */

import { RejectedError } from '@cardseal/base/errors';
import { createApiKey, createTenant } from '@cardseal/core/access';
import {
  type ApiKeyRecord,
  type KeyLimits,
  SCOPES,
  SYSTEM_TENANT,
  type TenantRecord,
  type Versioned,
} from '@cardseal/core/ledger';
import { MAX_WEIGHT, MIN_WEIGHT } from '@cardseal/core/queue';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { action, reason, sendPage } from '../actions/action.ts';
import { audited } from '../audit/audited.ts';
import { mayActAs, type Session } from '../auth/session.ts';
import type { AdminContext } from '../context.ts';
import { page } from '../pages/layout.ts';
import { newKeyPage, tenantPage, tenantsPage } from './page.ts';

const TENANT = /^[a-z0-9][a-z0-9-]{1,39}$/;
const limit = z.coerce.number().int().positive().max(1_000_000_000).optional();
const limits = { requests_per_second: limit, concurrency: limit, in_queue: limit, cards_per_day: limit };
const tenantLimits = { requests_per_second: limit, cards_per_day: limit };
/** Seconds, with the bounds of `retain_for` in a request. */
const time = z.coerce.number().int().min(60).max(31_536_000).optional();
const retention = { retain_for: time, max_retain_for: time };
const name = z.string().trim().min(1).max(100);
const weight = z.coerce.number().min(MIN_WEIGHT).max(MAX_WEIGHT);
/** A form sends one ticked box as a text and none not at all: what is left out is never made up for. */
const scopes = z.preprocess(
  (given) => (given === undefined ? [] : typeof given === 'string' ? [given] : given),
  z.array(z.enum(SCOPES)).min(1, 'must name at least one scope'),
);
const KEY = /^[a-z0-9]{12}$/;

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: a list of routes; each handler is short.
export function tenantRoutes(app: FastifyInstance, context: AdminContext): void {
  const { ledger, clock, config } = context;

  async function read({ tenant }: Record<string, string>) {
    const record = TENANT.test(tenant!) ? await ledger.tenants.records.get(SYSTEM_TENANT, tenant!) : null;
    if (!record) throw new RejectedError('not_found');
    return record;
  }

  /** Throws RejectedError `not_found`: what is not there is not put on record. */
  async function readKey({ key = '', ...params }: Record<string, string>) {
    const { id: tenant } = await read(params);
    if (!KEY.test(key) || !(await ledger.tenants.apiKeys.get(tenant, key))) throw new RejectedError('not_found');
    return { tenant, key };
  }

  app.get('/tenants', async (request, reply) => {
    const session = request.session!;
    const body = tenantsPage(await ledger.tenants.records.list(SYSTEM_TENANT), mayActAs(session.role, 'owner'));
    return sendPage(reply, page({ title: 'Tenants', place: '/tenants', session, body }));
  });
  app.get('/tenants/:tenant', async (request, reply) => {
    const session = request.session!;
    const tenant = await read(request.params as Record<string, string>);
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
    const { id } = await read(request.params as Record<string, string>);
    return { data: (await ledger.tenants.apiKeys.list(id)).map(keyView) };
  });

  const owner = { role: 'owner' } as const;
  action(app, {
    ...owner,
    path: '/api/tenants',
    status: 201,
    body: z.strictObject({ id: z.string().regex(TENANT), name: name.optional() }),
    async run({ session, body: { id, name: called = id } }) {
      const deed = { action: 'tenant.create', target: { tenant: id }, reason: null } as const;
      await audited(context, session, deed, () => createTenant(ledger, clock, id, called));
      return { id, name: called };
    },
    next: ({ id }) => `/tenants/${id}`,
  });

  action(app, {
    ...owner,
    path: '/api/tenants/:tenant',
    body: z.strictObject({ name: name.optional(), weight: weight.optional() }),
    async run({ session, params, body }) {
      const { id } = await read(params);
      const detail = { renamed: body.name !== undefined, weight: body.weight ?? null };
      const deed = { action: 'tenant.change', target: { tenant: id }, reason: null, detail } as const;
      const change = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
      await audited(context, session, deed, () =>
        ledger.tenants.records.change(SYSTEM_TENANT, id, (value) => ({ ...value, ...change })),
      );
      return { id, ...change };
    },
    next: ({ id }) => `/tenants/${id}`,
  });

  /** Replaces all of it: what the body does not name is not limited any more. */
  async function replace(
    session: Session,
    params: Record<string, string>,
    change: Pick<TenantRecord, 'limits'> | Pick<TenantRecord, 'retention'>,
  ) {
    const { id } = await read(params);
    const detail = { ...Object.values(change)[0] };
    const deed = { action: 'tenant.change', target: { tenant: id }, reason: null, detail } as const;
    await audited(context, session, deed, () =>
      ledger.tenants.records.change(SYSTEM_TENANT, id, (value) => ({ ...value, ...change })),
    );
    return { id, ...change };
  }

  action(app, {
    ...owner,
    path: '/api/tenants/:tenant/limits',
    body: z.strictObject(tenantLimits),
    run: ({ session, params, body }) => replace(session, params, { limits: limitsOf(body) ?? {} }),
    next: ({ id }) => `/tenants/${id}`,
  });

  action(app, {
    ...owner,
    path: '/api/tenants/:tenant/retention',
    body: z.strictObject(retention),
    run: ({ session, params, body }) =>
      replace(session, params, {
        retention: {
          ...(body.retain_for === undefined ? {} : { defaultS: body.retain_for }),
          ...(body.max_retain_for === undefined ? {} : { maximumS: body.max_retain_for }),
        },
      }),
    next: ({ id }) => `/tenants/${id}`,
  });

  action(app, {
    ...owner,
    path: '/api/tenants/:tenant/keys',
    status: 201,
    body: z.strictObject({
      ...limits,
      scopes,
      expires_in_days: z.coerce.number().positive().max(3650).optional(),
    }),
    async run({ session, params, body }) {
      const { id: tenant } = await read(params);
      const days = body.expires_in_days;
      const expiresAtMs = days === undefined ? null : clock.now() + days * 86_400_000;
      const env = config.CARDSEAL_ENV === 'production' ? 'live' : config.CARDSEAL_ENV;
      const terms = { tenant, env, scopes: body.scopes, expiresAtMs, limits: limitsOf(body) };
      const detail = { scopes: body.scopes.join(' '), expires_in_days: days ?? null };
      const deed = { action: 'key.create', target: { tenant }, reason: null, detail } as const;
      const { id, key } = await audited(context, session, deed, () => createApiKey(ledger, clock, terms));
      return { id, tenant, key, scopes: body.scopes };
    },
    next: (made) => ({ title: 'New key', body: newKeyPage(made) }),
  });

  action(app, {
    ...owner,
    path: '/api/tenants/:tenant/keys/:key/limits',
    body: z.strictObject(limits),
    async run({ session, params, body }) {
      const target = await readKey(params);
      const next = limitsOf(body);
      const deed = { action: 'key.change', target, reason: null, detail: { ...next } } as const;
      const changed = await audited(context, session, deed, () =>
        ledger.tenants.apiKeys.change(target.tenant, target.key, ({ limits: _before, ...value }) => ({
          ...value,
          ...(next ? { limits: next } : {}),
        })),
      );
      return keyView(changed!);
    },
    next: (_result, { params }) => `/tenants/${params.tenant}`,
  });

  action(app, {
    ...owner,
    path: '/api/tenants/:tenant/keys/:key/revoke',
    body: z.strictObject({ reason }),
    async run({ session, params, body }) {
      const target = await readKey(params);
      const deed = { action: 'key.revoke', target, reason: body.reason } as const;
      const changed = await audited(context, session, deed, () =>
        ledger.tenants.apiKeys.change(target.tenant, target.key, (value) => ({
          ...value,
          revokedAtMs: value.revokedAtMs ?? clock.now(),
        })),
      );
      return keyView(changed!);
    },
    next: (_result, { params }) => `/tenants/${params.tenant}`,
  });
}

function limitsOf(body: { [Name in keyof typeof limits]?: number | undefined }): KeyLimits | undefined {
  const given = {
    requestsPerSecond: body.requests_per_second,
    concurrency: body.concurrency,
    inQueue: body.in_queue,
    cardsPerDay: body.cards_per_day,
  };
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  return present.length === 0 ? undefined : (Object.fromEntries(present) as KeyLimits);
}

function keyView({ id, value }: Versioned<ApiKeyRecord>) {
  const { scopes: may, limits: bounds = {}, createdAtMs, expiresAtMs, revokedAtMs } = value;
  return { id, scopes: may, limits: bounds, createdAtMs, expiresAtMs, revokedAtMs };
}
