/** Deliveries and their attempts as their owner sees them. */
import type { DeliveryView, JobId } from '@cardseal/core/job';
import type { DeliveryRecord, DeliveryRef, StoredDeliveryAttempt } from '@cardseal/core/ledger';
import { deliverJobId } from '@cardseal/core/queue';

const ID = /^dlv_((?:job|evt)_[0-9A-Z]{26,32})-(\d{1,6})-(we_[0-9A-Z]{26})$/;

export function deliveryView({ ref, tries, last }: DeliveryRecord, parked: boolean): DeliveryView {
  const delivered = last?.class === 'delivered';
  const exhausted = !delivered && last !== null && last.nextAtMs === null;
  const state = delivered ? 'delivered' : parked ? 'parked' : exhausted ? 'exhausted' : 'undelivered';
  return {
    id: deliveryId(ref),
    endpoint_id: ref.endpoint,
    state,
    tries,
    last_status: last?.status ?? null,
    next_try_at: last?.nextAtMs && !parked ? new Date(last.nextAtMs).toISOString() : null,
  };
}

function deliveryId(ref: DeliveryRef): string {
  return `dlv_${deliverJobId(ref)}`;
}

/** null for text that is not the id of a delivery. */
export function parseDeliveryId(tenant: string, id: string): DeliveryRef | null {
  const [, job, generation, endpoint] = ID.exec(id) ?? [];
  return job === undefined ? null : { tenant, job: job as JobId, generation: Number(generation), endpoint: endpoint! };
}

/** The subject of a delivery, for lists over many jobs. */
export function subjectView({ job, generation }: DeliveryRef) {
  return job.startsWith('job_') ? { job_id: job, generation } : { job_id: null, generation };
}

export function tryView(entry: StoredDeliveryAttempt) {
  const {
    number,
    atMs,
    class: answerClass,
    status,
    latencyMs,
    nextAtMs,
    heldUntilMs,
    brokenBody = false,
    answer,
  } = entry;
  const iso = (ms: number | null | undefined) => (ms ? new Date(ms).toISOString() : null);
  return {
    number,
    at: iso(atMs),
    class: answerClass,
    status,
    latency_ms: latencyMs,
    next_try_at: iso(nextAtMs),
    held_until: iso(heldUntilMs),
    broken_body: brokenBody,
    answer: answer && { base64: answer.toString('base64'), text: answer.toString('utf8') },
  };
}
