/** Creates, changes and revokes API keys. The secret of a key is in the response to its creation and nowhere else. */
import { createApiKey } from '@cardseal/core/access';
import { type ApiKeyRecord, SCOPES, type Versioned } from '@cardseal/core/ledger';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { action, reason } from '../actions/action.ts';
import { audited } from '../audit/audited.ts';
import type { AdminContext } from '../context.ts';
import { newKeyPage } from './page.ts';
import { keyLimits, limitsOf, readKey, readTenant } from './read.ts';

const DAY_MS = 86_400_000;

/** A form sends one checked box as a string and omits the field when none is checked. */
const scopes = z.preprocess(
  (given) => (given === undefined ? [] : typeof given === 'string' ? [given] : given),
  z.array(z.enum(SCOPES)).min(1, 'must name at least one scope'),
);

type ActionContext = Pick<AdminContext, 'config' | 'ledger' | 'clock' | 'log'>;

export function keyActions(
  app: FastifyInstance,
  context: ActionContext,
  keyView: (key: Versioned<ApiKeyRecord>) => object,
): void {
  const { ledger, clock, config } = context;
  const owner = { role: 'owner' } as const;
  const tenantPath = (_result: object, { params }: { params: Record<string, string> }) => `/tenants/${params.tenant}`;

  action(app, {
    ...owner,
    path: '/api/tenants/:tenant/keys',
    status: 201,
    body: z.strictObject({ ...keyLimits, scopes, expires_in_days: z.coerce.number().positive().max(3650).optional() }),
    async run({ session, params, body }) {
      const { id: tenant } = await readTenant(ledger, params);
      const days = body.expires_in_days;
      const expiresAtMs = days === undefined ? null : clock.now() + days * DAY_MS;
      const env = config.CARDSEAL_ENV === 'production' ? 'live' : config.CARDSEAL_ENV;
      const terms = { tenant, env, scopes: body.scopes, expiresAtMs, limits: limitsOf(body) };
      const detail = { scopes: body.scopes.join(' '), expires_in_days: days ?? null };
      const entry = { action: 'key.create', target: { tenant }, reason: null, detail } as const;
      const { id, key } = await audited(context, session, entry, () => createApiKey(ledger, clock, terms));
      return { id, tenant, key, scopes: body.scopes };
    },
    next: (created) => ({ title: 'New key', body: newKeyPage(created) }),
  });
  action(app, {
    ...owner,
    path: '/api/tenants/:tenant/keys/:key/limits',
    body: z.strictObject(keyLimits),
    async run({ session, params, body }) {
      const target = await readKey(ledger, params);
      const limits = limitsOf(body);
      const entry = { action: 'key.change', target, reason: null, detail: { ...limits } } as const;
      const changed = await audited(context, session, entry, () =>
        ledger.tenants.apiKeys.change(target.tenant, target.key, ({ limits: _before, ...value }) => ({
          ...value,
          ...(limits ? { limits } : {}),
        })),
      );
      return keyView(changed!);
    },
    next: tenantPath,
  });
  action(app, {
    ...owner,
    path: '/api/tenants/:tenant/keys/:key/revoke',
    body: z.strictObject({ reason }),
    async run({ session, params, body }) {
      const target = await readKey(ledger, params);
      const entry = { action: 'key.revoke', target, reason: body.reason } as const;
      const changed = await audited(context, session, entry, () =>
        ledger.tenants.apiKeys.change(target.tenant, target.key, (value) => ({
          ...value,
          revokedAtMs: value.revokedAtMs ?? clock.now(),
        })),
      );
      return keyView(changed!);
    },
    next: tenantPath,
  });
}
