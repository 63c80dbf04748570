/** Tenants that have open work or API keys must have a record: it holds their verdict policy and limits. */
import { SYSTEM_TENANT } from '@cardseal/core/ledger';
import { noteDefect, noteMissing } from './broken.ts';
import type { Examination, Findings } from './examination.ts';

export async function examineTenants({ ledger }: Examination, findings: Findings): Promise<void> {
  for await (const tenant of ledger.keys.tenants()) {
    if (tenant === SYSTEM_TENANT) continue;
    await noteDefect(findings, tenant, async () => {
      if (await ledger.tenants.records.get(SYSTEM_TENANT, tenant)) return;
      noteMissing(findings, `tenants/${SYSTEM_TENANT}/${tenant}/`);
    });
  }
}
