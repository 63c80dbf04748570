/** `/gates`: shows which credentials workers may call. Operators open and close gates; each change gets an audit entry. */
import { RejectedError, TransientError } from '@cardseal/base/errors';
import type { CredentialSnapshot } from '@cardseal/pacer';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { action, type Call, reason, sendPage, wrongInput } from '../actions/action.ts';
import { audited } from '../audit/audited.ts';
import { mayActAs } from '../auth/session.ts';
import type { AdminContext } from '../context.ts';
import { page } from '../pages/layout.ts';
import { poolSnapshot, withPacer } from '../pool/pool.ts';
import { openForGood } from './open.ts';
import { gatesPage } from './page.ts';

const openSchema = z.strictObject({ reason: reason.optional() });
const until = z.union([z.iso.datetime({ offset: true }), z.iso.datetime({ local: true }).transform((at) => `${at}Z`)]);
const closeSchema = z.strictObject({ reason: reason.optional(), until: until.optional() });

export function gateRoutes(app: FastifyInstance, context: AdminContext): void {
  app.get('/gates', async (request, reply) => {
    const { session } = request;
    const body = gatesPage(await poolSnapshot(context), mayActAs(session!.role, 'operator'), context.clock.now());
    return sendPage(reply, page({ title: 'Gates', place: '/gates', session, body, refreshS: 5 }));
  });

  app.get('/api/gates', async (_request, reply) => {
    const gates = await poolSnapshot(context);
    return gates ? { data: gates } : reply.code(503).header('retry-after', 5).send({ code: 'pool_unknown' });
  });

  async function change(verb: 'open' | 'close', { session, params, body }: Call<z.output<typeof closeSchema>>) {
    const credential = params.credential!;
    const untilMs = body.until === undefined ? undefined : Date.parse(body.until);
    // A gate that is closed until a past time is open.
    if (untilMs !== undefined && untilMs <= context.clock.now()) throw wrongInput('until', 'must be in the future');
    const known = await poolSnapshot(context);
    if (!known) throw new TransientError('pool_unknown');
    if (!known.some(({ id }) => id === credential)) throw new RejectedError('not_found');
    const detail = body.until === undefined ? {} : { detail: { until: body.until } };
    const entry = { action: `gate.${verb}`, target: { credential }, reason: body.reason ?? null, ...detail } as const;
    return audited(context, session, entry, async () => {
      const gate = await withPacer(context, async (pacer): Promise<CredentialSnapshot> => {
        if (verb === 'open') await openForGood(context, pacer, credential, session.user);
        else await pacer.closeGate(credential, 'operator', untilMs, session.user);
        return (await pacer.snapshot()).find(({ id }) => id === credential)!;
      });
      if (!gate) throw new TransientError('pool_unknown');
      return gate;
    });
  }

  const common = { role: 'operator', next: () => '/gates' } as const;
  action(app, {
    ...common,
    path: '/api/gates/:credential/open',
    body: openSchema,
    run: (call) => change('open', call),
  });
  action(app, {
    ...common,
    path: '/api/gates/:credential/close',
    body: closeSchema,
    run: (call) => change('close', call),
  });
}
