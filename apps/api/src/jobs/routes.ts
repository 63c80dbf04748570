/** Reading a job and trying it again. */
import { isFinished, isJobId, type JobId, type JobView } from '@cardseal/core/job';
import { reopen } from '@cardseal/core/queue';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Authenticate } from '../auth/index.ts';
import type { ApiContext } from '../context.ts';
import { fromZod, Problem } from '../problems/index.ts';
import { readJob } from './read-job.ts';
import { waitForJob } from './wait-for-job.ts';

const waitQuery = z.strictObject({ wait: z.coerce.number().int().min(0).max(30).default(0) });

export function jobRoutes(app: FastifyInstance, context: ApiContext, authenticate: Authenticate): void {
  app.get('/v1/jobs/:id', async (request, reply) => {
    const caller = await authenticate(request, 'jobs:read');
    const query = waitQuery.safeParse(request.query);
    if (!query.success) throw fromZod(query.error);
    const job = jobIdOf(request);
    const { wait } = query.data;
    const view = wait > 0 ? await waitForJob(context, caller, job, wait) : await readJob(context, caller, job);
    return sendJob(reply, view);
  });

  app.post('/v1/jobs/:id/retry', async (request, reply) => {
    const caller = await authenticate(request, 'jobs:write');
    const job = jobIdOf(request);
    const generation = await reopen(context.ledger, context.conveyor, caller.tenant, job);
    context.log.info('job.retry_opened', { tenant: caller.tenant, job_id: job, generation });
    return sendJob(reply.code(202), await readJob(context, caller, job));
  });
}

function jobIdOf(request: FastifyRequest): JobId {
  const { id } = request.params as { id: string };
  if (!isJobId(id)) throw new Problem('not_found');
  return id;
}

function sendJob(reply: FastifyReply, view: JobView | null): FastifyReply {
  if (!view) throw new Problem('not_found');
  if (!isFinished(view.state)) reply.header('retry-after', 1);
  return reply.header('cache-control', 'private, no-store').send(view);
}
