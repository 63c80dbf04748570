/** The state of each delivery of a job, from the names and delivery records of the ledger. */
import type { DeliveryView, JobId } from '@cardseal/core/job';
import type { DeliveryRecord, DeliveryRef } from '@cardseal/core/ledger';
import { deliverJobId } from '@cardseal/core/queue';
import type { ApiContext } from '../../context.ts';
import { deliveryView } from '../deliveries/view.ts';

export async function readDeliveries(
  { ledger }: Pick<ApiContext, 'ledger'>,
  tenant: string,
  job: JobId,
): Promise<DeliveryView[]> {
  const [tried, owed, endpoints] = await Promise.all([
    ledger.deliveries.records.ofJob(tenant, job),
    ledger.jobs.markers.undeliveredOf(tenant, job),
    ledger.tenants.endpoints.list(tenant),
  ]);
  const records = new Map<string, DeliveryRecord>(owed.map((ref) => [deliverJobId(ref), untried(ref)]));
  for (const record of tried) records.set(deliverJobId(record.ref), record);
  const disabled = endpoints.filter(({ value }) => value.state === 'disabled');
  const parked = await Promise.all(disabled.map(({ id }) => ledger.jobs.markers.parkedOfJob(tenant, id, job)));
  for (const ref of parked.flat()) {
    const id = deliverJobId(ref);
    if (!records.has(id)) records.set(id, untried(ref));
  }
  const parkedIds = new Set(parked.flat().map(deliverJobId));
  return [...records].map(([id, record]) => deliveryView(record, parkedIds.has(id)));
}

function untried(ref: DeliveryRef): DeliveryRecord {
  return { ref, tries: 0, entries: 0, last: null };
}
