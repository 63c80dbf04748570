/** Gates of the pool: who may be called, and why not. Operators close and open them; each change is in the log. */
import { createPacer, type Pacer } from '@cardseal/core/pacing';
import type { WorkerBoard } from '@cardseal/core/queue';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AdminContext } from '../context.ts';

const closeSchema = z.strictObject({ until: z.iso.datetime({ offset: true }).optional() });

export interface GateParts {
  redis: Parameters<typeof createPacer>[0]['redis'];
  board: Pick<WorkerBoard, 'pool'>;
}

export function gateRoutes(app: FastifyInstance, context: AdminContext, parts: GateParts): void {
  const { log } = context;

  /** null while no worker has said which credentials there are. */
  async function withPacer<T>(use: (pacer: Pacer, ids: string[]) => Promise<T>): Promise<T | null> {
    const pool = await parts.board.pool();
    if (!pool) return null;
    const { credentials } = pool;
    const prefix = context.config.QUEUE_PREFIX.slice(1, -1);
    const pacer = createPacer({ redis: parts.redis, prefix, credentials, clock: context.clock });
    try {
      return await use(
        pacer,
        credentials.map(({ id }) => id),
      );
    } finally {
      pacer.stop();
    }
  }

  async function change(request: FastifyRequest, reply: FastifyReply, action: 'open' | 'close') {
    const { user, role } = request.session!;
    if (role === 'viewer') return reply.code(403).send({ code: 'forbidden' });
    const { credential } = request.params as { credential: string };
    const body = closeSchema.safeParse(request.body ?? {});
    if (!body.success || (action === 'open' && body.data.until))
      return reply.code(400).send({ code: 'invalid_request' });
    const untilMs = body.data.until === undefined ? undefined : Date.parse(body.data.until);
    const gate = await withPacer(async (pacer, ids) => {
      if (!ids.includes(credential)) return null;
      if (action === 'open') await pacer.openGate(credential, user);
      else await pacer.closeGate(credential, 'operator', untilMs, user);
      return (await pacer.snapshot()).find(({ id }) => id === credential)!;
    });
    if (!gate) return reply.code(404).send({ code: 'not_found' });
    log.info(`admin.gate_${action}`, { admin: user, credential_id: credential });
    return gate;
  }

  app.get('/api/gates', async (_request, reply) => {
    const gates = await withPacer((pacer) => pacer.snapshot());
    return gates ? { data: gates } : reply.code(503).header('retry-after', 5).send({ code: 'pool_unknown' });
  });
  app.post('/api/gates/:credential/open', (request, reply) => change(request, reply, 'open'));
  app.post('/api/gates/:credential/close', (request, reply) => change(request, reply, 'close'));
}
