/** `/queues`: Bull Board, with everything refused at the endpoint that an operator must not do. */
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
import { createDeeds } from './deeds.ts';
import { readTarget } from './target.ts';

const BASE = '/queues';

/** Retry, promote, remove. Adding, editing and emptying would make work that no ledger knows, or lose it from sight. */
const ALLOWED_CHANGES: Record<string, AuditAction> = {
  [`PUT ${BASE}/api/queues/:queueName/:jobId/retry`]: 'job.retry',
  [`PUT ${BASE}/api/queues/:queueName/:jobId/promote`]: 'job.promote',
  [`PUT ${BASE}/api/queues/:queueName/:jobId/clean`]: 'job.remove',
};

/** Of a whole queue: without a pace, a count before and a reason. */
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
  // Its own would answer with the message of whatever was thrown.
  server.setErrorHandler((error) => {
    const { status, code } = failureOf(error);
    if (status >= 500) log.error('admin.failed', describeError(error));
    return { status: status as 500, body: { error: code, code } as never };
  });
  const deeds = createDeeds(context);
  app.register(async (board) => {
    board.addHook('preHandler', async (request, reply) => {
      // Its own connection waits for Redis, up to ten seconds: that is asked for first on one that does not.
      if (request.url.startsWith(`${BASE}/api/`) && !(await redisResponds(context.redis)))
        return refuse(reply.header('retry-after', 5), 503, 'queue_unavailable', 'Redis does not answer');
      if (request.method === 'GET' || request.method === 'HEAD') return;
      return change(request, reply);
    });
    board.addHook('onSend', async (request, reply, payload) => {
      if (reply.statusCode >= 400) await deeds.failed(request, reply.statusCode, payload);
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
        'Many are tried again under /bulk: counted first, at a pace, for a reason',
      );
    const action = ALLOWED_CHANGES[route];
    if (!action) return refuse(reply, 403, 'not_allowed', 'not allowed here');
    if (!mayActAs(request.session!.role, 'operator')) return refuse(reply, 403, 'forbidden', 'viewers change nothing');
    const target = await readTarget(context.board, request.params as Record<string, string>);
    if (target === 'malformed') return refuse(reply, 400, 'invalid_request', 'this is no id of an entry');
    // What is not there is not put on record.
    if (target === 'missing') return refuse(reply, 404, 'not_found', 'there is no such entry');
    await deeds.began(request, action, target);
    return undefined;
  }
}

/** Bull Board shows `error` to whoever pressed the button. */
function refuse(reply: FastifyReply, status: number, code: string, error: string): FastifyReply {
  return reply.code(status).send({ error, code });
}

/** The entry page asks a foreign host for fonts, which would tell it that somebody looks. */
export function withoutForeignLinks(page: string): string {
  return page.replaceAll(/<link\b[^>]*\bhref="https?:[^>]*>/g, '');
}
