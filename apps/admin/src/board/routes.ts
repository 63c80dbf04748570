/** `/queues`: Bull Board. The server refuses every change that is not on the list of allowed changes. */
import { createBullBoard } from '@bull-board/api';
import { FastifyAdapter } from '@bull-board/fastify';
import type { AuditAction } from '@cardseal/core/ledger/audit';
import { describeError } from '@cardseal/core/log';
import { redisResponds } from '@cardseal/core/queue';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { failureOf } from '../actions/failure-of.ts';
import { mayActAs } from '../auth/session.ts';
import type { AdminContext } from '../context.ts';
import { boardAdapters } from './adapters.ts';
import { createBoardAudit } from './board-audit.ts';
import { readTarget } from './target.ts';

const BASE = '/queues';

/**
 * Retry, promote and remove. Adding or editing entries would create work that the ledger does not know, and emptying a
 * queue would hide work that it does know.
 */
const ALLOWED_CHANGES: Record<string, AuditAction> = {
  [`PUT ${BASE}/api/queues/:queueName/:jobId/retry`]: 'job.retry',
  [`PUT ${BASE}/api/queues/:queueName/:jobId/promote`]: 'job.promote',
  [`PUT ${BASE}/api/queues/:queueName/:jobId/clean`]: 'job.remove',
};

/** Changes of a whole queue. Bulk retry replaces them: it counts first, limits the rate and asks for a reason. */
const ALL_AT_ONCE = [
  `PUT ${BASE}/api/queues/:queueName/retry/:queueStatus`,
  `PUT ${BASE}/api/queues/:queueName/promote`,
];

export function boardRoutes(app: FastifyInstance, context: AdminContext): void {
  const { log } = context;
  const server = new FastifyAdapter();
  server.setBasePath(BASE);
  createBullBoard({
    queues: boardAdapters(context),
    serverAdapter: server,
    options: { uiConfig: { boardTitle: 'Cardseal', hideDocsLink: true, miscLinks: [{ text: 'Overview', url: '/' }] } },
  });
  // Bull Board's error handler would send the message of the error, which may hold data.
  server.setErrorHandler((error) => {
    const { status, code } = failureOf(error);
    if (status >= 500) log.error('admin.failed', describeError(error));
    return { status: status as 500, body: { error: code, code } as never };
  });
  const audit = createBoardAudit(context);
  app.register(async (board) => {
    board.addHook('preHandler', async (request, reply) => {
      // Bull Board's connection waits up to ten seconds for Redis, so ping first on a connection that fails fast.
      if (request.url.startsWith(`${BASE}/api/`) && !(await redisResponds(context.redis)))
        return refuse(reply.header('retry-after', 5), 503, 'queue_unavailable', 'Redis does not answer');
      if (request.method === 'GET' || request.method === 'HEAD') return;
      return change(request, reply);
    });
    board.addHook('onSend', async (request, reply, payload) => {
      if (reply.statusCode >= 400) await audit.failed(request, reply.statusCode, payload);
      return String(reply.getHeader('content-type')).startsWith('text/html')
        ? withoutForeignLinks(String(payload))
        : payload;
    });
    await board.register(server.registerPlugin(), { prefix: BASE });
  });

  async function change(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
    const route = `${request.method} ${request.routeOptions.url}`;
    if (ALL_AT_ONCE.includes(route))
      return refuse(
        reply,
        403,
        'not_allowed',
        'Use /bulk to retry many jobs: it counts first, limits the rate and asks for a reason',
      );
    const action = ALLOWED_CHANGES[route];
    if (!action) return refuse(reply, 403, 'not_allowed', 'not allowed here');
    if (!mayActAs(request.session!.role, 'operator'))
      return refuse(reply, 403, 'forbidden', 'viewers cannot change anything');
    const target = await readTarget(context.board, request.params as Record<string, string>);
    if (target === 'malformed') return refuse(reply, 400, 'invalid_request', 'this is not the id of an entry');
    // An action on a missing entry gets no audit entry.
    if (target === 'missing') return refuse(reply, 404, 'not_found', 'the entry does not exist');
    await audit.began(request, action, target);
    return undefined;
  }
}

/** Bull Board shows the text in `error` to the operator. */
function refuse(reply: FastifyReply, status: number, code: string, error: string): FastifyReply {
  return reply.code(status).send({ error, code });
}

/** Bull Board's page loads fonts from another host, which would learn that an operator opened it. */
export function withoutForeignLinks(page: string): string {
  return page.replaceAll(/<link\b[^>]*\bhref="https?:[^>]*>/g, '');
}
