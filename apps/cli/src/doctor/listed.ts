/** The index against the outcomes of the last hours, an hour at a time. */
import type { JobId } from '@cardseal/core/job';
import { SYSTEM_TENANT } from '@cardseal/core/ledger';
import { noteDefect, noteMissing } from './broken.ts';
import type { Examination, Findings } from './examination.ts';

const HOUR_MS = 3_600_000;
/** What has just ended is still being announced. */
const STILL_AT_WORK_MS = 1000;

export async function examineIndex(examination: Examination, findings: Findings): Promise<void> {
  const { ledger, clock, hours } = examination;
  const untilMs = clock.now() + STILL_AT_WORK_MS;
  for (const tenant of await ledger.tenants.records.ids(SYSTEM_TENANT)) {
    for (let hour = 0; hour < hours; hour++) {
      const toMs = untilMs - hour * HOUR_MS;
      await examineHour(examination, tenant, toMs - HOUR_MS, toMs, findings);
    }
  }
}

async function examineHour(
  { ledger, fix }: Examination,
  tenant: string,
  fromMs: number,
  toMs: number,
  findings: Findings,
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
    findings.unlisted.push(`${job}-${generation}`);
    if (!fix) continue;
    await noteDefect(findings, `${job}-${generation}`, async () => {
      const sealed = await ledger.jobs.open(tenant, job);
      const [request, outcome] = await Promise.all([sealed?.request(), sealed?.outcome(generation)]);
      if (request && outcome) await ledger.jobs.listing.finished(tenant, job, request.reference, outcome);
      else noteMissing(findings, `jobs/${tenant}/${job}/${request ? `outcome.${generation}` : 'request'}`);
    });
  }
}
