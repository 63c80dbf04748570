/** `/endpoints`: their health; taking one into use again, and having what it missed sent again. */
import { RejectedError } from '@cardseal/core/errors';
import { enableEndpoint, startRecovery } from '@cardseal/core/queue';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { action, reason, sendPage, wrongInput } from '../actions/action.ts';
import { audited } from '../audit/audited.ts';
import { mayActAs } from '../auth/session.ts';
import type { AdminContext } from '../context.ts';
import { page } from '../pages/layout.ts';
import { jobFilter } from '../search/routes.ts';
import { endpointsPage } from './page.ts';
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
    const endpoint = known ? await ledger.endpoints.get(tenant!, id!) : null;
    if (!endpoint || endpoint.value.state === 'deleted') throw new RejectedError('not_found');
    return { tenant: tenant!, id: id!, state: endpoint.value.state };
  }

  action(app, {
    path: '/api/endpoints/:tenant/:id/enable',
    role: 'operator',
    body: z.strictObject({ reason }),
    async run({ session, params, body }) {
      const { tenant, id } = await read(params);
      const deed = { action: 'endpoint.enable', target: { tenant, endpoint: id }, reason: body.reason } as const;
      await audited(context, session, deed, () => enableEndpoint(context, tenant, id));
      return { tenant, id, state: 'enabled' };
    },
    next: () => '/endpoints',
  });

  action(app, {
    path: '/api/endpoints/:tenant/:id/recover',
    role: 'operator',
    status: 202,
    body: z.strictObject({ reason, since: jobFilter.created_after.unwrap(), until: jobFilter.created_before }),
    async run({ session, params, body }) {
      const { tenant, id, state } = await read(params);
      if (state !== 'enabled') throw new RejectedError('endpoint_disabled');
      const { since, until = clock.now() } = body;
      if (until <= since) throw wrongInput('until', 'must be later than `since`, and `since` must have passed');
      const detail = { since: new Date(since).toISOString(), until: new Date(until).toISOString() };
      const deed = {
        action: 'endpoint.recover',
        target: { tenant, endpoint: id },
        reason: body.reason,
        detail,
      } as const;
      const order = { kind: 'since', sinceMs: since, untilMs: until } as const;
      const recovery = await audited(context, session, deed, () => startRecovery(context, tenant, id, order));
      return { tenant, id, recovery, ...detail };
    },
    next: () => '/endpoints',
  });
}
