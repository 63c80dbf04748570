/**
 * `POST /v1/jobs/{id}/cancel`, `DELETE /v1/jobs/{id}` and the receipt of the erasure. Cancel and erase end a job by one
 * conditional write in the ledger. The rest may be interrupted at any point, and a worker finishes it.
 */
import { completeErasure, ErasureIncomplete, eraseJob } from '@cardseal/core/erasure';
import { isJobId, type JobId } from '@cardseal/core/job';
import { assertRequestKept } from '@cardseal/core/ledger';
import { describeError } from '@cardseal/core/log';
import { freezeOutcome } from '@cardseal/core/outcome';
import { recognizeJobId } from '@cardseal/core/queue';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ApiContext } from '../../context.ts';
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
    await cancelJob(context, caller.tenant, job);
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
      // Before the tombstone nothing is decided, and the client must ask again.
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

/** Until the outcome is durable; who cancels again what is cancelled is told the same. */
export async function cancelJob(
  { ledger, jobQueue, clock, config, log, metrics }: ApiContext,
  tenant: string,
  job: JobId,
) {
  const inventory = await ledger.jobs.inventory(tenant, job);
  if (inventory.erased) throw new Problem('job_erased');
  assertRequestKept(inventory, tenant, job);
  const sealed = inventory.committed ? await ledger.jobs.open(tenant, job) : null;
  const request = await sealed?.request();
  if (!sealed || !request) throw new Problem('not_found');
  const { generation } = inventory;
  const ours = freezeOutcome({
    request,
    generation,
    state: 'cancelled',
    atMs: clock.now(),
    attempts: (await jobQueue.hint(job, generation).catch(() => null))?.attempts ?? [],
    recognized: inventory.replies,
    publicUrl: config.PUBLIC_URL ?? '',
  });
  const decided = await sealed.decide(ours);
  if (decided) metrics.count('cardseal_outcomes_total', { state: 'cancelled' });
  const standing = decided ? 'cancelled' : (await sealed.outcome(generation))?.state;
  if (standing !== 'cancelled') throw new Problem('job_not_cancellable');
  if (!decided) return;
  log.info('job.cancelled', { tenant, job_id: job, generation });
  await hasten({ jobQueue }, job, generation);
}

/** The worker that comes to it announces it: so it shall come at once, and not after all that waits. */
async function hasten({ jobQueue }: Pick<ApiContext, 'jobQueue'>, job: JobId, generation: number): Promise<void> {
  try {
    const queued = await jobQueue.queues().recognize.getJob(recognizeJobId(job, generation));
    if (!queued) return;
    if (await queued.isDelayed()) await queued.promote();
    await queued.changePriority({ priority: 0, lifo: true });
  } catch {
    // Redis is away, or a worker has it already; the marker stands until it is announced.
  }
}

function jobIdOf(request: FastifyRequest): JobId {
  const { id } = request.params as { id: string };
  if (!isJobId(id)) throw new Problem('not_found');
  return id;
}
