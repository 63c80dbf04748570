/**
 * `POST /v1/jobs/{id}/cancel`, `DELETE /v1/jobs/{id}` and the receipt of the erasure. Cancel and erase end a job by one
 * conditional write in the ledger. The rest may be interrupted at any point, and a worker finishes it.
 */

import { isJobId, type JobId } from '@cardseal/core/job';
import { describeError } from '@cardseal/core/log';
import { cancelJob, completeErasure, ErasureIncomplete, eraseJob } from '@cardseal/core/use-cases';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type ApiContext, cancelParts } from '../../context.ts';
import type { Authenticate } from '../../http/auth/index.ts';
import { Problem } from '../../http/problems/index.ts';
import { erasedView } from './erased-view.ts';
import { readJob } from './read-job.ts';

/** When a client may ask whether all objects are deleted: workers retry within seconds, then less often. */
const ERASURE_RETRY_S = 10;

export function lifecycleRoutes(app: FastifyInstance, context: ApiContext, authenticate: Authenticate): void {
  const { ledger, log } = context;

  app.post('/v1/jobs/:id/cancel', async (request) => {
    const caller = await authenticate(request, 'jobs:write');
    const job = jobIdOf(request);
    await cancelJob(cancelParts(context), caller.tenant, job);
    const view = await readJob(context, caller, job);
    if (!view) throw new Problem('not_found');
    return view;
  });

  app.delete('/v1/jobs/:id', async (request, reply) => {
    const { tenant } = await authenticate(request, 'jobs:erase');
    const job = jobIdOf(request);
    try {
      const tombstone = await eraseJob(context, tenant, job, 'request');
      log.info('job.erased', { tenant, job_id: job });
      return erasedView(job, tombstone, await ledger.jobs.erasures.readRecord(tenant, job));
    } catch (error) {
      // Before the tombstone nothing is decided, and the client must repeat the request.
      if (!(error instanceof ErasureIncomplete)) throw error;
      log.warn('job.erasure_incomplete', { tenant, job_id: job, ...describeError(error) });
      reply.code(202).header('retry-after', ERASURE_RETRY_S);
      return erasedView(job, error.tombstone, null);
    }
  });

  app.get('/v1/jobs/:id/erasure-receipt', async (request) => {
    const { tenant } = await authenticate(request, 'jobs:erase');
    const job = jobIdOf(request);
    const tombstone = await ledger.jobs.erasures.tombstone(tenant, job);
    if (!tombstone) throw new Problem('not_found');
    const record =
      (await ledger.jobs.erasures.readRecord(tenant, job)) ?? (await completeErasure(context, tenant, job, tombstone));
    const [receipt, publicKey] = await Promise.all([
      ledger.jobs.receipts.issue(tenant, job, tombstone, record),
      ledger.jobs.receipts.publicKey(),
    ]);
    return { receipt, public_key: publicKey };
  });
}

function jobIdOf(request: FastifyRequest): JobId {
  const { id } = request.params as { id: string };
  if (!isJobId(id)) throw new Problem('not_found');
  return id;
}
