/** `keys rotate master|tenant`: every step may be interrupted and repeated while Cardseal runs. */

import { RejectedError } from '@cardseal/base/errors';
import type { Env } from '@cardseal/core/config';
import { type Ledger, SYSTEM_TENANT } from '@cardseal/core/ledger';
import { audited } from '../support/audited.ts';
import { openLedgerOf } from '../support/open-ledger.ts';
import { type Output, printJson } from '../support/print.ts';

/** Reports whether other master keys still wrap tenant keys, or may be removed. */
export async function rotateMasterCommand(env: Env, { json }: Output): Promise<void> {
  const { ledger } = openLedgerOf(env);
  const { keys } = ledger;
  const entry = { action: 'master_key.rotate', target: {}, reason: null } as const;
  const done = await audited(ledger, entry, () => keys.rewrapTenantKeys());
  const { master, wrappedBy } = await keys.status();
  const others = Object.keys(wrappedBy).filter((name) => name !== master);
  if (json) printJson({ ...done, master, wrapped_by: wrappedBy });
  else {
    process.stdout.write(`${done.rewrapped} of ${done.looked} tenant keys rewrapped with ${master}\n`);
    process.stdout.write(
      others.length === 0
        ? 'no other master key wraps a tenant key: older ones may be removed\n'
        : `some keys are still wrapped with ${others.join(', ')}: run the command again\n`,
    );
  }
  if (others.length > 0) process.exitCode = 1;
}

export async function rotateTenantCommand(
  env: Env,
  tenant: string,
  { json, resume = false }: Output & { resume?: boolean },
): Promise<void> {
  const { ledger } = openLedgerOf(env);
  if (tenant !== SYSTEM_TENANT && !(await ledger.tenants.records.get(SYSTEM_TENANT, tenant)))
    throw new RejectedError('tenant_not_found');
  const entry = { action: 'tenant_key.rotate', target: { tenant }, reason: null, detail: { resume } } as const;
  const { version, ...done } = await audited(ledger, entry, () => rotateTenant(ledger, tenant, resume));
  if (json) printJson({ tenant, ...(version === null ? {} : { version }), ...done });
  else process.stdout.write(`${done.rewrapped} of ${done.looked} job keys rewrapped\n`);
}

async function rotateTenant({ keys }: Ledger, tenant: string, resume: boolean) {
  const version = resume ? null : await keys.addTenantKey(tenant);
  if (version !== null) process.stderr.write(`version ${version} of the key of ${tenant} seals from now on\n`);
  const done = await keys.rewrapJobKeys(tenant, ({ looked, rewrapped }) =>
    process.stderr.write(`${looked} job keys checked, ${rewrapped} rewrapped\n`),
  );
  return { version, ...done };
}
