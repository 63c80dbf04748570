/** Checks that every tenant with a key has a record, which holds its verdict policy and limits. */
import { SYSTEM_TENANT } from '@cardseal/core/ledger';
import { noteDefect, noteMissing } from './notes.ts';
import type { DoctorContext, DoctorReport } from './report.ts';

export async function examineTenants({ ledger }: DoctorContext, report: DoctorReport): Promise<void> {
  for await (const tenant of ledger.keys.tenants()) {
    if (tenant === SYSTEM_TENANT) continue;
    await noteDefect(report, tenant, async () => {
      if (await ledger.tenants.records.get(SYSTEM_TENANT, tenant)) return;
      noteMissing(report, `tenants/${SYSTEM_TENANT}/${tenant}/`);
    });
  }
}
