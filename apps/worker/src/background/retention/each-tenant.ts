/**
 * Runs a sweep for each tenant alone: a record of one tenant that cannot be read must not keep the data of all other
 * tenants beyond its time.
 */
import { asCardsealError } from '@cardseal/base/errors';
import { SYSTEM_TENANT, type TenantRecord } from '@cardseal/core/ledger';
import { describeError } from '@cardseal/core/log';
import type { WorkerContext } from '../../context.ts';

/**
 * Returns the sum of what `work` returns. A tenant whose sweep fails is logged, and swept again the next time. Throws only
 * if the tenants cannot be listed.
 */
export async function eachTenant(
  { ledger, log, metrics }: Pick<WorkerContext, 'ledger' | 'log' | 'metrics'>,
  signal: AbortSignal,
  work: (tenant: string, record: TenantRecord) => Promise<number>,
): Promise<number> {
  let sum = 0;
  for (const tenant of await ledger.tenants.records.ids(SYSTEM_TENANT)) {
    if (signal.aborted) break;
    try {
      const record = await ledger.tenants.records.get(SYSTEM_TENANT, tenant);
      if (record) sum += await work(tenant, record.value);
    } catch (error) {
      metrics.count('cardseal_own_faults_total', { work: 'walk', code: asCardsealError(error).code });
      log.error('walk.stuck', { tenant, ...describeError(error) });
    }
  }
  return sum;
}
