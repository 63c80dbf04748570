/** `/endpoints`: lists the health of webhook endpoints, enables one, and starts a recovery of missed outcomes. */
import { RejectedError } from '@cardseal/base/errors';
import { endpointMissing } from '@cardseal/core/ledger';
import { countOutcomes, enableEndpoint, startRecovery } from '@cardseal/core/use-cases';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { action, reason, sendPage, wrongInput } from '../actions/action.ts';
import { audited } from '../audit/audited.ts';
import { mayActAs } from '../auth/session.ts';
import type { AdminContext } from '../context.ts';
import { page } from '../pages/layout.ts';
import { jobFilter } from '../search/query.ts';
import { endpointsPage, recoverPage } from './page.ts';
import { readEndpoints } from './read.ts';

export function endpointRoutes(app: FastifyInstance, context: AdminContext): void {
  const { ledger, clock } = context;

  app.get('/endpoints', async (request, reply) => {
    const session = request.session!;
    const body = endpointsPage(await readEndpoints(context), mayActAs(session.role, 'operator'), clock.now());
    return sendPage(reply, page({ title: 'Endpoints', place: '/endpoints', session, body, refreshS: 10 }));
  });
  app.get('/api/endpoints', async () => ({ data: await readEndpoints(context) }));

  async function read({ tenant, id }: Record<string, string>) {
    const known = /^[a-z0-9][a-z0-9-]{1,39}$/.test(tenant!) && /^we_[0-9A-Z]{26}$/.test(id!);
    const endpoint = known ? await ledger.tenants.endpoints.get(tenant!, id!) : null;
    if (!endpoint || endpoint.value.state === 'deleted') throw new RejectedError('not_found');
    const { state, events } = endpoint.value;
    return { tenant: tenant!, id: id!, state, events };
  }

  action(app, {
    path: '/api/endpoints/:tenant/:id/enable',
    role: 'operator',
    body: z.strictObject({ reason }),
    async run({ session, params, body }) {
      const { tenant, id } = await read(params);
      const entry = { action: 'endpoint.enable', target: { tenant, endpoint: id }, reason: body.reason } as const;
      await audited(context, session, entry, async () => {
        if (!(await enableEndpoint(context, tenant, id))) throw endpointMissing({ tenant, endpoint: id });
      });
      return { tenant, id, state: 'enabled' };
    },
    next: () => '/endpoints',
  });

  action(app, {
    path: '/api/endpoints/:tenant/:id/recover',
    role: 'operator',
    status: 202,
    body: z.strictObject({
      reason: reason.optional(),
      since: jobFilter.created_after.unwrap(),
      until: jobFilter.created_before,
      /** Only counts the outcomes. */
      dry_run: z.union([z.boolean(), z.stringbool()]).default(false),
    }),
    async run({ session, params, body }) {
      const { tenant, id, state, events } = await read(params);
      if (state !== 'enabled') throw new RejectedError('endpoint_disabled');
      const nowMs = clock.now();
      const { since } = body;
      if (since > nowMs) throw wrongInput('since', 'must not be in the future');
      const until = Math.min(body.until ?? nowMs, nowMs);
      if (until <= since) throw wrongInput('until', 'must be later than `since`');
      if (!body.dry_run && !body.reason) throw wrongInput('reason', 'must not be empty');
      const counts = await countOutcomes(context, tenant, { events }, { sinceMs: since, untilMs: until });
      const detail = { since: new Date(since).toISOString(), until: new Date(until).toISOString() };
      if (body.dry_run) return { tenant, id, recovery: null, ...detail, counts };
      const entry = {
        action: 'endpoint.recover',
        target: { tenant, endpoint: id },
        reason: body.reason ?? null,
        detail,
      } as const;
      const order = { kind: 'since', sinceMs: since, untilMs: until } as const;
      const recovery = await audited(context, session, entry, () => startRecovery(context, tenant, id, order));
      return { tenant, id, recovery, ...detail, counts };
    },
    next: (found) => (found.recovery === null ? { title: 'Send again', body: recoverPage(found) } : '/endpoints'),
  });
}
