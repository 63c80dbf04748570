/** The frozen bytes of one generation's event, in the form that an endpoint takes. */

import { DefectError } from '@cardseal/core/errors';
import type { Outcome } from '@cardseal/core/job';
import type { DeliveryRef, EndpointRecord, SealedJob } from '@cardseal/core/ledger';

/** Throws DefectError `event_missing` when an encrypted body was never frozen for this endpoint. */
export async function messageFor(
  sealed: SealedJob,
  outcome: Outcome,
  ref: DeliveryRef,
  endpoint: EndpointRecord,
): Promise<Buffer> {
  if (endpoint.payload === 'full') return Buffer.from(outcome.full);
  if (endpoint.payload === 'reference') return Buffer.from(outcome.reference);
  const encrypted = await sealed.event(ref.generation, ref.endpoint);
  if (!encrypted) throw new DefectError('event_missing', { fields: { job: ref.job, endpoint: ref.endpoint } });
  return encrypted;
}
