/** `/queues`: Bull Board, with everything refused at the endpoint that an operator must not do. */
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { FastifyInstance } from 'fastify';
import type { AdminContext } from '../context.ts';
import { ReopeningAdapter } from './reopening-adapter.ts';

const BASE = '/queues';

/** Retry, promote, remove. Adding, editing and emptying would make work that no ledger knows, or lose it from sight. */
const ALLOWED_CHANGES = [
  `PUT ${BASE}/api/queues/:queueName/:jobId/retry`,
  `PUT ${BASE}/api/queues/:queueName/:jobId/promote`,
  `PUT ${BASE}/api/queues/:queueName/:jobId/clean`,
  `PUT ${BASE}/api/queues/:queueName/retry/:queueStatus`,
  `PUT ${BASE}/api/queues/:queueName/promote`,
];

export function boardRoutes(app: FastifyInstance, context: AdminContext): void {
  const { board: queues, log } = context;
  const server = new FastifyAdapter();
  server.setBasePath(BASE);
  createBullBoard({
    queues: [
      new ReopeningAdapter(context),
      new BullMQAdapter(queues.deliver, { description: 'One job is one event to one endpoint.' }),
    ],
    serverAdapter: server,
    options: { uiConfig: { boardTitle: 'Cardseal', hideDocsLink: true, miscLinks: [{ text: 'Overview', url: '/' }] } },
  });
  app.register(async (board) => {
    board.addHook('preHandler', async (request, reply) => {
      if (request.method === 'GET' || request.method === 'HEAD') return;
      const route = `${request.method} ${request.routeOptions.url}`;
      if (!ALLOWED_CHANGES.includes(route)) return reply.code(403).send({ error: 'not allowed here' });
      if (request.session?.role === 'viewer') return reply.code(403).send({ error: 'viewers change nothing' });
      const { jobId } = request.params as { jobId?: string };
      log.info('admin.board_change', { admin: request.session?.user, route, job_id: jobId });
    });
    await board.register(server.registerPlugin(), { prefix: BASE });
  });
}
