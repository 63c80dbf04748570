/** Compares the index with the outcomes of the last hours, one hour at a time. */
import type { JobId } from '@cardseal/core/job';
import { SYSTEM_TENANT } from '@cardseal/core/ledger';
import { noteDefect, noteMissing } from './notes.ts';
import type { DoctorContext, DoctorReport } from './report.ts';

const HOUR_MS = 3_600_000;
/** A worker may still announce a job that ended more recently. */
const STILL_AT_WORK_MS = 1000;

export async function examineIndex(context: DoctorContext, report: DoctorReport): Promise<void> {
  const { ledger, clock, hours } = context;
  const untilMs = clock.now() + STILL_AT_WORK_MS;
  for (const tenant of await ledger.tenants.records.ids(SYSTEM_TENANT)) {
    for (let hour = 0; hour < hours; hour++) {
      const toMs = untilMs - hour * HOUR_MS;
      await examineHour(context, tenant, toMs - HOUR_MS, toMs, report);
    }
  }
}

async function examineHour(
  { ledger, fix }: DoctorContext,
  tenant: string,
  fromMs: number,
  toMs: number,
  report: DoctorReport,
): Promise<void> {
  const ended = new Map<JobId, number>();
  for await (const found of ledger.reports.manifests.jobs(tenant, { fromMs, toMs, disabled: [] })) {
    const generation = Math.max(0, ...found.decided);
    if (!found.committed || found.erased || generation === 0 || found.open.length > 0) continue;
    ended.set(found.job, generation);
  }
  for await (const { job, generation, state } of ledger.jobs.listing.between(tenant, fromMs, toMs)) {
    if (generation >= (ended.get(job) ?? 0) && state !== 'queued') ended.delete(job);
  }
  for (const [job, generation] of ended) {
    if ((await ledger.jobs.inventory(tenant, job)).open.length > 0) continue;
    report.unlisted.push(`${job}-${generation}`);
    if (!fix) continue;
    await noteDefect(report, `${job}-${generation}`, async () => {
      const sealed = await ledger.jobs.open(tenant, job);
      const [request, outcome] = await Promise.all([sealed?.request(), sealed?.outcome(generation)]);
      if (request && outcome) await ledger.jobs.listing.finished(tenant, job, request.reference, outcome);
      else noteMissing(report, `jobs/${tenant}/${job}/${request ? `outcome.${generation}` : 'request'}`);
    });
  }
}
