/** The event that a delivery is about: its id and its frozen bytes, from the job's outcome or from a notice. */
import type { DeliveryRef, EndpointRecord, Ledger } from '@cardseal/core/ledger';
import { isNoticeId } from '@cardseal/core/ledger';
import { frozenEvent } from '@cardseal/core/webhook';

export interface FrozenEvent {
  id: string;
  body: Buffer;
  /** Of the job that it tells of. */
  trace?: string | undefined;
}

/** null when there is nothing to tell any more: the job is erased, or was never concluded. */
export async function eventOf(ledger: Ledger, ref: DeliveryRef, endpoint: EndpointRecord): Promise<FrozenEvent | null> {
  if (isNoticeId(ref.job)) {
    const notice = await ledger.notices.get(ref.tenant, ref.job);
    return notice && { id: notice.eventId, body: Buffer.from(notice.body) };
  }
  const opened = await ledger.openOutcome(ref.tenant, ref.job, ref.generation);
  if (!opened) return null;
  const { sealed, outcome } = opened;
  const body = await frozenEvent(sealed, outcome, ref.endpoint, endpoint);
  return { id: outcome.eventId, body, trace: outcome.trace };
}
