/** How long a job is kept after it ended: what its request says, else its tenant, else the installation. Pure. */
import type { JobRequest } from '@cardseal/core/job';
import type { TenantRecord } from '@cardseal/core/ledger';

/** Milliseconds. The tenant's maximum bounds all of them, so that a request can never keep data longer than agreed. */
export function keptForMs(
  { retainForS }: Pick<JobRequest, 'retainForS'>,
  tenant: Pick<TenantRecord, 'retention'> | null,
  installationMs: number,
): number {
  const { defaultS, maximumS = Number.POSITIVE_INFINITY } = tenant?.retention ?? {};
  const wantedS = retainForS ?? defaultS ?? installationMs / 1000;
  return Math.min(wantedS, maximumS) * 1000;
}
