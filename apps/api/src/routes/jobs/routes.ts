/** Reads jobs (one, a list, events, crops) and retries one. */
import { createHash } from 'node:crypto';
import { isFinished, isJobId, type JobId, type JobView, type Side } from '@cardseal/core/job';
import { retryJob } from '@cardseal/core/use-cases';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import type { Authenticate } from '../../http/auth/index.ts';
import { earlierIntent, noteIntent } from '../../http/idempotency/index.ts';
import { wholeNumber } from '../../http/json/whole-number.ts';
import { Problem, validated } from '../../http/problems/index.ts';
import { streamJobEvents } from './job-events.ts';
import { listJobs, listQuery } from './list-jobs.ts';
import { readCrop } from './read-crop.ts';
import { readImage } from './read-image.ts';
import { readJob } from './read-job.ts';
import { waitForJob } from './wait-for-job.ts';

export const waitQuery = z.strictObject({
  wait: wholeNumber(0, 30)
    .default(0)
    .meta({ description: 'Answer when the job has ended, or after this many seconds.' }),
});

export function jobRoutes(app: FastifyInstance, context: ApiContext, authenticate: Authenticate): void {
  app.get('/v1/jobs', async (request, reply) => {
    const caller = await authenticate(request, 'jobs:read');
    const page = await listJobs(context, caller, validated(listQuery, request.query));
    return reply.header('cache-control', 'private, no-store').send(page);
  });

  app.get('/v1/jobs/:id', async (request, reply) => {
    const caller = await authenticate(request, 'jobs:read');
    const { wait } = validated(waitQuery, request.query);
    const job = jobIdOf(request);
    const view = wait > 0 ? await waitForJob(context, caller, job, wait) : await readJob(context, caller, job);
    return sendJob(request, reply, view);
  });

  app.get('/v1/jobs/:id/events', async (request, reply) => {
    const caller = await authenticate(request, 'jobs:read');
    await streamJobEvents(context, caller, jobIdOf(request), request, reply);
    return reply;
  });

  for (const kind of ['portrait', 'card'] as const) {
    app.get(`/v1/jobs/:id/:side/${kind}`, async (request, reply) => {
      const { tenant } = await authenticate(request, 'results:read');
      const crop = await readCrop(context, tenant, jobIdOf(request), sideOf(request), kind);
      if (!crop) throw new Problem('not_found');
      return reply.header('cache-control', 'private, no-store').type(crop.contentType).send(crop.bytes);
    });
  }

  app.get('/v1/jobs/:id/:side/image', async (request, reply) => {
    const caller = await authenticate(request, 'images:read');
    const image = await readImage(context, caller, jobIdOf(request), sideOf(request), request.id);
    return reply.header('cache-control', 'private, no-store').type(image.contentType).send(image.bytes);
  });

  app.post('/v1/jobs/:id/retry', async (request, reply) => {
    const caller = await authenticate(request, 'jobs:write');
    const job = jobIdOf(request);
    if (!(await wasRetried(context, caller.tenant, job, request))) await retry(context, caller.tenant, job, request);
    return sendJob(request, reply.code(202), await readJob(context, caller, job));
  });
}

async function retry({ ledger, jobQueue, log }: ApiContext, tenant: string, job: JobId, request: FastifyRequest) {
  const about = (generation: number) => noteIntent(ledger, request, String(generation));
  const generation = await retryJob({ ledger, jobQueue }, tenant, job, { about });
  log.info('job.retry_opened', { tenant, job_id: job, generation });
}

/** An earlier attempt of the same request crashed before its response: the retried job may even have ended since. */
async function wasRetried({ ledger }: ApiContext, tenant: string, job: JobId, request: FastifyRequest) {
  const generation = Number((await earlierIntent(ledger, request)) ?? Number.NaN);
  if (Number.isNaN(generation)) return false;
  const { open, decided } = await ledger.jobs.inventory(tenant, job);
  return open.includes(generation) || decided.includes(generation);
}

function jobIdOf(request: FastifyRequest): JobId {
  const { id } = request.params as { id: string };
  if (!isJobId(id)) throw new Problem('not_found');
  return id;
}

function sideOf(request: FastifyRequest): Side {
  const { side } = request.params as { side: string };
  if (side !== 'front' && side !== 'back') throw new Problem('not_found');
  return side;
}

function sendJob(request: FastifyRequest, reply: FastifyReply, view: JobView | null): FastifyReply {
  if (!view) throw new Problem('not_found');
  if (!isFinished(view.state)) reply.header('retry-after', 1);
  const body = JSON.stringify(view);
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
  reply.header('cache-control', 'private, no-cache').header('etag', etag);
  if (request.method === 'GET' && matchesEtag(request, etag)) return reply.code(304).send();
  return reply.type('application/json; charset=utf-8').send(body);
}

function matchesEtag(request: FastifyRequest, etag: string): boolean {
  const wanted = request.headers['if-none-match'];
  return wanted?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag || tag.trim() === '*') ?? false;
}
