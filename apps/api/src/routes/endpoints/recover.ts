/** Starts recoveries. A worker carries them out in the background. */
import type { Recovery } from '@cardseal/core/ledger';
import { startRecovery } from '@cardseal/core/use-cases';
import type { ApiContext } from '../../context.ts';

export async function beginRecovery(context: ApiContext, tenant: string, endpoint: string, recovery: Recovery) {
  const id = await startRecovery(context, tenant, endpoint, recovery);
  context.log.info('endpoint.recovery_started', { tenant, endpoint_id: endpoint, reason: recovery.kind });
  return id;
}
