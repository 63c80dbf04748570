/** Where each delivery of a job stands, from the names and try records of the ledger. */
import type { DeliveryView, JobId } from '@cardseal/core/job';
import type { DeliveryRecord, DeliveryRef } from '@cardseal/core/ledger';
import { deliverJobId } from '@cardseal/core/queue';
import type { ApiContext } from '../context.ts';

export async function readDeliveries({ ledger }: ApiContext, tenant: string, job: JobId): Promise<DeliveryView[]> {
  const [tried, owed] = await Promise.all([
    ledger.deliveries.ofJob(tenant, job),
    ledger.markers.undeliveredOf(tenant, job),
  ]);
  const triedIds = new Set(tried.map(({ ref }) => deliverJobId(ref)));
  const untried = owed.filter((ref) => !triedIds.has(deliverJobId(ref)));
  return [...tried.map((record) => view(record)), ...untried.map((ref) => view({ ref, tries: 0, last: null }))];
}

function view({ ref, tries, last }: DeliveryRecord): DeliveryView {
  return {
    id: deliveryId(ref),
    endpoint_id: ref.endpoint,
    state: last?.class === 'delivered' ? 'delivered' : last && last.nextAtMs === null ? 'exhausted' : 'undelivered',
    tries,
    last_status: last?.status ?? null,
    next_try_at: last?.nextAtMs ? new Date(last.nextAtMs).toISOString() : null,
  };
}

function deliveryId(ref: DeliveryRef): string {
  return `dlv_${deliverJobId(ref)}`;
}
