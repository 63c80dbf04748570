/**
 * Applies the retention time of an installation or a tenant, which costs no write: the index is in the order of
 * creation, so everything older than that time is one range of names. An erased job leaves the index, so an
 * interrupted sweep continues where it stopped.
 */

import type { JobId } from '@cardseal/core/job';
import { assertRequestKept, type TenantRecord } from '@cardseal/core/ledger';
import { eraseJob } from '@cardseal/core/use-cases';
import type { WorkerContext } from '../../context.ts';
import { createIsolation } from '../isolation.ts';
import { pages } from '../pages.ts';
import { eachTenant } from './each-tenant.ts';
import { keptForMs } from './kept-for.ts';

const PAGE = 200;
/** The same number at once as for due names. */
const AT_ONCE = 4;

/**
 * Returns how many jobs were erased. Throws a transient error that prevented an erasure, after it has handled all
 * others.
 */
export async function eraseOldJobs(context: WorkerContext, signal: AbortSignal): Promise<number> {
  const alone = createIsolation(context);
  const erased = await eachTenant(context, signal, async (tenant, record) => {
    let ofTenant = 0;
    // The shortest time of this tenant's jobs without an individual time; the maximum is never shorter.
    const keptMs = keptForMs({ retainForS: null }, record, context.config.RETENTION_MS);
    for await (const jobs of pages(jobsBefore(context, tenant, context.clock.now() - keptMs), AT_ONCE)) {
      if (signal.aborted) break;
      const erase = (job: JobId) => alone.each([{ tenant, job }], () => eraseIfOld(context, tenant, job, record));
      const done = await Promise.all(jobs.map(erase));
      ofTenant += done.flat().filter(Boolean).length;
    }
    return ofTenant;
  });
  if (!signal.aborted) alone.end();
  return erased;
}

async function* jobsBefore({ ledger }: WorkerContext, tenant: string, createdBeforeMs: number): AsyncGenerator<JobId> {
  let after: JobId | undefined;
  for (;;) {
    const { jobs, next } = await ledger.jobs.listing.page(tenant, { createdBeforeMs }, { after, limit: PAGE });
    yield* jobs;
    if (next === null) return;
    after = next;
  }
}

async function eraseIfOld(context: WorkerContext, tenant: string, job: JobId, record: TenantRecord): Promise<boolean> {
  const { ledger, clock, config } = context;
  const inventory = await ledger.jobs.inventory(tenant, job);
  if (inventory.erased) {
    await ledger.jobs.erasures.unlist(tenant, job);
    return false;
  }
  assertRequestKept(inventory, tenant, job);
  const sealed = inventory.committed ? await ledger.jobs.open(tenant, job) : null;
  const [request, outcome] = await Promise.all([sealed?.request(), sealed?.outcome(inventory.generation)]);
  if (!request || !outcome) return false;
  // A job with an individual retention time has a due name; this scan applies a maximum that was set later.
  if (request.retainForS !== null && record.retention?.maximumS === undefined) return false;
  if (outcome.atMs + keptForMs(request, record, config.RETENTION_MS) > clock.now()) return false;
  await eraseJob(context, tenant, job, 'retention');
  return true;
}
