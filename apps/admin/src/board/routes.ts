/** `/queues`: Bull Board, with everything refused at the endpoint that an operator must not do. */
import { createBullBoard } from '@bull-board/api';
import { FastifyAdapter } from '@bull-board/fastify';
import type { AuditAction } from '@cardseal/core/audit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { mayActAs } from '../auth/session.ts';
import type { AdminContext } from '../context.ts';
import { boardAdapters } from './adapters.ts';

const BASE = '/queues';

/** Retry, promote, remove. Adding, editing and emptying would make work that no ledger knows, or lose it from sight. */
const ALLOWED_CHANGES: Record<string, AuditAction> = {
  [`PUT ${BASE}/api/queues/:queueName/:jobId/retry`]: 'job.retry',
  [`PUT ${BASE}/api/queues/:queueName/:jobId/promote`]: 'job.promote',
  [`PUT ${BASE}/api/queues/:queueName/:jobId/clean`]: 'job.remove',
  [`PUT ${BASE}/api/queues/:queueName/retry/:queueStatus`]: 'job.retry',
  [`PUT ${BASE}/api/queues/:queueName/promote`]: 'job.promote',
};

export function boardRoutes(app: FastifyInstance, context: AdminContext): void {
  const { ledger, log } = context;
  const server = new FastifyAdapter();
  server.setBasePath(BASE);
  createBullBoard({
    queues: boardAdapters(context),
    serverAdapter: server,
    options: { uiConfig: { boardTitle: 'Cardseal', hideDocsLink: true, miscLinks: [{ text: 'Overview', url: '/' }] } },
  });
  app.register(async (board) => {
    board.addHook('preHandler', async (request, reply) => {
      if (request.method === 'GET' || request.method === 'HEAD') return;
      const deed = ALLOWED_CHANGES[`${request.method} ${request.routeOptions.url}`];
      if (!deed) return reply.code(403).send({ error: 'not allowed here' });
      const { user, role } = request.session!;
      if (!mayActAs(role, 'operator')) return reply.code(403).send({ error: 'viewers change nothing' });
      const target = targetOf(request);
      await ledger.audit.append({ who: user, role, action: deed, target, reason: null });
      log.info('admin.action', { admin: user, step: deed, job_id: target.job });
    });
    board.addHook('onSend', async (_request, reply, payload) =>
      String(reply.getHeader('content-type')).startsWith('text/html') ? withoutForeignLinks(String(payload)) : payload,
    );
    await board.register(server.registerPlugin(), { prefix: BASE });
  });
}

/** The entry page asks a foreign host for fonts, which would tell it that somebody looks. */
export function withoutForeignLinks(page: string): string {
  return page.replaceAll(/<link\b[^>]*\bhref="https?:[^>]*>/g, '');
}

/** Ids of the queue, as far as they have the shape of ours: what is on record is kept for good. */
function targetOf({ params }: FastifyRequest): Record<string, string> {
  const { queueName = '', jobId } = params as { queueName?: string; jobId?: string };
  const queue = ['recognize', 'deliver'].includes(queueName) ? queueName : 'unknown';
  if (jobId === undefined) return { queue, jobs: 'all' };
  const id = decodeURIComponent(jobId);
  const job = /^((?:job|evt)_[0-9A-Z]{26,32})-/.exec(id)?.[1];
  return { queue, ...(job ? { job } : {}), entry: /^[A-Za-z0-9_.-]{1,120}$/.test(id) ? id : 'unknown' };
}
