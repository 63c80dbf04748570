/** `tenant create`: creates a tenant directly in the ledger. */
import { systemClock } from '@cardseal/base/clock';
import { RejectedError } from '@cardseal/base/errors';
import { checkTenantId, createTenant } from '@cardseal/core/access';
import type { Env } from '@cardseal/core/config';
import { SYSTEM_TENANT } from '@cardseal/core/ledger';
import { audited } from '../support/audited.ts';
import { openLedgerOf } from '../support/open-ledger.ts';
import { type Output, printJson } from '../support/print.ts';

/** Throws RejectedError `tenant_exists` or `tenant_id_invalid`. */
export async function createTenantCommand(env: Env, id: string, options: Output & { name?: string }): Promise<void> {
  checkTenantId(id);
  const { ledger } = openLedgerOf(env);
  if (await ledger.tenants.records.get(SYSTEM_TENANT, id))
    throw new RejectedError('tenant_exists', { fields: { tenant: id } });
  const entry = { action: 'tenant.create', target: { tenant: id }, reason: null } as const;
  await audited(ledger, entry, () => createTenant(ledger, systemClock, id, options.name ?? id));
  if (options.json) printJson({ tenant: id });
  else process.stdout.write(`tenant ${id} created\n`);
}
