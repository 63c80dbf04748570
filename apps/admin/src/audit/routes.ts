/** `/audit`: lists the audit entries, newest first, verifies their hash chain, and exports all entries as NDJSON. */
import { Readable } from 'node:stream';
import { RejectedError } from '@cardseal/base/errors';
import { AUDIT_ACTIONS, type AuditPage } from '@cardseal/core/ledger/audit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseQuery, sendPage } from '../actions/action.ts';
import { mayActAs } from '../auth/session.ts';
import type { AdminContext } from '../context.ts';
import { page } from '../pages/layout.ts';
import { audited } from './audited.ts';
import { auditPage } from './page.ts';

const querySchema = z.strictObject({
  job: z
    .string()
    .regex(/^[A-Za-z0-9_]{1,64}$/)
    .optional(),
  user: z.string().max(40).optional(),
  action: z.enum(AUDIT_ACTIONS).optional(),
  before: z.coerce.number().int().positive().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export function auditRoutes(app: FastifyInstance, context: AdminContext): void {
  const { ledger } = context;

  function ownerOf(request: FastifyRequest) {
    if (!mayActAs(request.session!.role, 'owner')) throw new RejectedError('forbidden');
    return request.session!;
  }

  function find(request: FastifyRequest): Promise<AuditPage> {
    const { before = null, limit, job, user, action } = parseQuery(querySchema, request);
    if (!job && !user && !action) return ledger.operators.audit.page(before, limit);
    return ledger.operators.audit.find({ job, who: user, action }, before, limit);
  }

  app.get('/audit', async (request, reply) => {
    const session = ownerOf(request);
    const body = auditPage(await find(request), request.query as Record<string, string>);
    return sendPage(reply, page({ title: 'Audit', place: '/audit', session, body }));
  });

  // Verbatim, because the hashes cover exactly these member names and values.
  app.get('/api/audit', { config: { verbatim: true } }, async (request) => {
    ownerOf(request);
    const { entries, next } = await find(request);
    return { data: entries, next_cursor: next === null ? null : String(next) };
  });

  app.get('/api/audit/verify', async (request) => {
    ownerOf(request);
    return ledger.operators.audit.verify();
  });

  app.get('/api/audit/export', async (request, reply) => {
    const session = ownerOf(request);
    const entry = { action: 'audit.export', target: {}, reason: null } as const;
    const entries = await audited(context, session, entry, async () => ledger.operators.audit.entries());
    async function* lines() {
      for await (const entry of entries) yield `${JSON.stringify(entry)}\n`;
    }
    reply.header('content-disposition', 'attachment; filename="cardseal-audit.ndjson"');
    return reply.type('application/x-ndjson').send(Readable.from(lines()));
  });
}
