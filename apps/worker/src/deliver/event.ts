/** The event that a delivery is about: its id and its frozen bytes, from the job's outcome or from a notice. */
import type { DeliveryRef, EndpointRecord } from '@cardseal/core/ledger';
import { isNoticeId } from '@cardseal/core/ledger';
import { frozenEvent, plainEvent } from '@cardseal/core/webhook';
import type { WorkerContext } from '../context.ts';

export interface FrozenEvent {
  id: string;
  body: Buffer;
  /** Of the job that it tells of. */
  trace?: string | undefined;
}

/** null when there is nothing to tell any more: the job is erased, or was never concluded. */
export async function eventOf(
  { ledger, freshOutcomes }: Pick<WorkerContext, 'ledger' | 'freshOutcomes'>,
  ref: DeliveryRef,
  endpoint: EndpointRecord,
): Promise<FrozenEvent | null> {
  if (isNoticeId(ref.job)) {
    const notice = await ledger.notices.get(ref.tenant, ref.job);
    return notice && { id: notice.eventId, body: Buffer.from(notice.body) };
  }
  const { tenant, job, generation } = ref;
  const fresh = freshOutcomes.of(ref);
  // An encrypted body cannot be made twice alike: the one that stands is in the ledger.
  if (fresh && endpoint.payload !== 'encrypted') {
    const erased = (await ledger.erasures.tombstone(tenant, job)) !== null;
    return erased ? null : { id: fresh.eventId, body: plainEvent(fresh, endpoint.payload), trace: fresh.trace };
  }
  const opened = await ledger.openOutcome(tenant, job, generation);
  if (!opened) return null;
  const { sealed, outcome } = opened;
  const body = await frozenEvent(sealed, outcome, ref.endpoint, endpoint);
  return { id: outcome.eventId, body, trace: outcome.trace };
}
