/**
 * adapt: a change of the endpoint's health is first announced to the tenant's other endpoints and then stored. After a
 * crash between the two it is announced again with the same id. In the other order it might never be announced.
 */
import type { DeliveryRef, EndpointRecord } from '@cardseal/core/ledger';
import type { EndpointLimitState } from '@cardseal/core/queue';
import { sendNotice } from '@cardseal/core/use-cases';
import type { SendResult } from '@cardseal/webhook';
import type { WorkerContext } from '../../context.ts';
import { changed, type HealthChange, healthChange } from '../support/health-rules.ts';

export async function adapt(
  context: WorkerContext,
  { tenant, endpoint: id }: Pick<DeliveryRef, 'tenant' | 'endpoint'>,
  admitted: EndpointRecord,
  answer: SendResult,
  lane: EndpointLimitState,
): Promise<void> {
  const { ledger, endpoints, jobQueue, clock, log } = context;
  const nowMs = clock.now();
  const known = endpoints.recall(tenant, id) ?? admitted;
  if (healthChange(known, answer.class, lane, nowMs) === null) return;
  // The cached record may be as old as the attempt: only the ledger's record decides.
  const fresh = await ledger.tenants.endpoints.get(tenant, id);
  const change = fresh && healthChange(fresh.value, answer.class, lane, nowMs);
  if (!fresh || !change) return;
  const cause = { class: answer.class, status: answer.status ?? null };
  const next = changed(fresh.value, change, nowMs, cause);
  await sendNotice(
    { ledger, jobQueue },
    {
      tenant,
      type: `endpoint.${change}`,
      subject: id,
      generation: next.health.change,
      atMs: nowMs,
      data: noticeData(id, change, answer),
      exceptEndpoint: id,
    },
  );
  await ledger.tenants.endpoints.change(tenant, id, (value) =>
    healthChange(value, answer.class, lane, nowMs) === change ? changed(value, change, nowMs, cause) : value,
  );
  endpoints.forget(tenant, id);
  log.warn(`endpoint.${change}`, { tenant, endpoint_id: id, class: answer.class });
}

function noticeData(endpointId: string, change: Exclude<HealthChange, null>, answer: SendResult) {
  return {
    endpoint_id: endpointId,
    state: change === 'recovered' ? 'healthy' : change,
    last: { class: answer.class, status: answer.status ?? null },
  };
}
