/** open: the event of a delivery, that is its id and its frozen bytes, from the job's outcome or from a notice. */
import { DefectError } from '@cardseal/base/errors';
import type { DeliveryRef, EndpointRecord } from '@cardseal/core/ledger';
import { isNoticeId } from '@cardseal/core/ledger';
import { frozenEvent, plainEvent } from '@cardseal/core/use-cases';
import type { WorkerContext } from '../../context.ts';

export interface FrozenEvent {
  id: string;
  body: Buffer;
  /** The job that the event is about. */
  trace?: string | undefined;
}

/**
 * null when the delivery is no longer pending, because the job is erased or the notice has reached its retention time.
 * Throws DefectError `outcome_missing` or `notice_missing` when the delivery is pending and the store lost its content.
 */
export async function openEvent(
  { ledger, outcomeCache }: Pick<WorkerContext, 'ledger' | 'outcomeCache'>,
  ref: DeliveryRef,
  endpoint: EndpointRecord,
): Promise<FrozenEvent | null> {
  if (isNoticeId(ref.job)) {
    const notice = await ledger.deliveries.notices.get(ref.tenant, ref.job);
    if (!notice) return nothingOwed(ledger, ref, 'notice_missing');
    return { id: notice.eventId, body: Buffer.from(notice.body) };
  }
  const { tenant, job, generation } = ref;
  const fresh = outcomeCache.of(ref);
  // Encrypting twice gives different bytes, so the stored body is read from the ledger.
  if (fresh && endpoint.payload !== 'encrypted') {
    const erased = (await ledger.jobs.erasures.tombstone(tenant, job)) !== null;
    return erased ? null : { id: fresh.eventId, body: plainEvent(fresh, endpoint.payload), trace: fresh.trace };
  }
  const opened = await ledger.jobs.openOutcome(tenant, job, generation);
  if (!opened) {
    if (await ledger.jobs.erasures.tombstone(tenant, job)) return null;
    return nothingOwed(ledger, ref, 'outcome_missing');
  }
  const { sealed, outcome } = opened;
  const body = await frozenEvent(sealed, outcome, ref.endpoint, endpoint);
  return { id: outcome.eventId, body, trace: outcome.trace };
}

/** Reads the marker last, because every removal of an event removes its markers first. */
async function nothingOwed(
  { jobs: { markers } }: Pick<WorkerContext['ledger'], 'jobs'>,
  ref: DeliveryRef,
  code: 'notice_missing' | 'outcome_missing',
): Promise<null> {
  if (!(await markers.isOwed(ref))) return null;
  throw new DefectError(code, { fields: { tenant: ref.tenant, job: ref.job, generation: ref.generation } });
}
