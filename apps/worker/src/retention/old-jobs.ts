/**
 * The common retention time costs no write: the index is in the order of making, so that everything older than the
 * time is one stretch of names. What is erased leaves it, so that a sweep that died goes on where it was.
 */
import { eraseJob } from '@cardseal/core/erasure';
import type { JobId } from '@cardseal/core/job';
import { HOUSE } from '@cardseal/core/ledger';
import type { WorkerContext } from '../context.ts';
import { createEachAlone } from '../each-alone.ts';

const PAGE = 200;

/** Returns how many jobs were erased. */
export async function eraseOldJobs(context: WorkerContext, signal: AbortSignal): Promise<number> {
  const alone = createEachAlone(context.log);
  let erased = 0;
  for (const { id: tenant } of await context.ledger.tenants.list(HOUSE)) {
    for await (const job of jobsBefore(context, tenant, context.clock.now() - context.config.RETENTION_MS)) {
      if (signal.aborted) return erased;
      const [done] = await alone.each([{ tenant, job }], () => eraseIfOld(context, tenant, job));
      if (done) erased++;
    }
  }
  alone.end();
  return erased;
}

async function* jobsBefore({ ledger }: WorkerContext, tenant: string, createdBeforeMs: number): AsyncGenerator<JobId> {
  let after: JobId | undefined;
  for (;;) {
    const { jobs, next } = await ledger.listing.page(tenant, { createdBeforeMs }, { after, limit: PAGE });
    yield* jobs;
    if (next === null) return;
    after = next;
  }
}

async function eraseIfOld(context: WorkerContext, tenant: string, job: JobId): Promise<boolean> {
  const { ledger, clock, config } = context;
  const inventory = await ledger.inventory(tenant, job);
  if (inventory.erased) {
    await ledger.erasures.unlist(tenant, job);
    return false;
  }
  const sealed = inventory.committed ? await ledger.openJob(tenant, job) : null;
  const [request, outcome] = await Promise.all([sealed?.request(), sealed?.outcome(inventory.generation)]);
  // A job with a retention time of its own has a due name.
  if (!request || !outcome || request.retainForS !== null) return false;
  if (outcome.atMs + config.RETENTION_MS > clock.now()) return false;
  await eraseJob(context, tenant, job, 'retention');
  return true;
}
