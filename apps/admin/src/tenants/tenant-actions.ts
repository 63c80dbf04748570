/** Creates tenants and changes their name, weight, limits and retention. */
import { createTenant } from '@cardseal/core/access';
import { SYSTEM_TENANT, type TenantRecord } from '@cardseal/core/ledger';
import { MAX_WEIGHT, MIN_WEIGHT } from '@cardseal/core/queue';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { action } from '../actions/action.ts';
import { audited } from '../audit/audited.ts';
import type { Session } from '../auth/session.ts';
import type { AdminContext } from '../context.ts';
import { limitsOf, readTenant, TENANT, tenantLimits } from './read.ts';

/** Seconds, with the bounds of `retain_for` in a request. */
const seconds = z.coerce.number().int().min(60).max(31_536_000).optional();
const name = z.string().trim().min(1).max(100);
const weight = z.coerce.number().min(MIN_WEIGHT).max(MAX_WEIGHT);

type ActionContext = Pick<AdminContext, 'ledger' | 'clock' | 'log'>;

export function tenantActions(app: FastifyInstance, context: ActionContext): void {
  const { ledger, clock } = context;
  const owner = { role: 'owner', next: ({ id }: { id: string }) => `/tenants/${id}` } as const;

  action(app, {
    ...owner,
    path: '/api/tenants',
    status: 201,
    body: z.strictObject({ id: z.string().regex(TENANT), name: name.optional() }),
    async run({ session, body: { id, name: called = id } }) {
      const entry = { action: 'tenant.create', target: { tenant: id }, reason: null } as const;
      await audited(context, session, entry, () => createTenant(ledger, clock, id, called));
      return { id, name: called };
    },
  });
  action(app, {
    ...owner,
    path: '/api/tenants/:tenant',
    body: z.strictObject({ name: name.optional(), weight: weight.optional() }),
    async run({ session, params, body }) {
      const detail = { renamed: body.name !== undefined, weight: body.weight ?? null };
      const change = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
      return changeTenant(context, session, params, change, detail);
    },
  });
  action(app, {
    ...owner,
    path: '/api/tenants/:tenant/limits',
    body: z.strictObject(tenantLimits),
    run: ({ session, params, body }) => replace(context, session, params, { limits: limitsOf(body) ?? {} }),
  });
  action(app, {
    ...owner,
    path: '/api/tenants/:tenant/retention',
    body: z.strictObject({ retain_for: seconds, max_retain_for: seconds }),
    run: ({ session, params, body }) =>
      replace(context, session, params, {
        retention: {
          ...(body.retain_for === undefined ? {} : { defaultS: body.retain_for }),
          ...(body.max_retain_for === undefined ? {} : { maximumS: body.max_retain_for }),
        },
      }),
  });
}

/** Replaces all limits or the whole retention: a value that the body leaves out is removed. */
function replace(
  context: ActionContext,
  session: Session,
  params: Record<string, string>,
  change: Pick<TenantRecord, 'limits'> | Pick<TenantRecord, 'retention'>,
) {
  return changeTenant(context, session, params, change, { ...Object.values(change)[0] });
}

async function changeTenant<Change extends object>(
  context: ActionContext,
  session: Session,
  params: Record<string, string>,
  change: Change,
  detail: Record<string, string | number | boolean | null>,
): Promise<{ id: string } & Change> {
  const { ledger } = context;
  const { id } = await readTenant(ledger, params);
  const entry = { action: 'tenant.change', target: { tenant: id }, reason: null, detail } as const;
  await audited(context, session, entry, () =>
    ledger.tenants.records.change(SYSTEM_TENANT, id, (value) => ({ ...value, ...change })),
  );
  return { id, ...change };
}
