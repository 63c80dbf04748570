/**
 * The bytes of an outcome for one endpoint. `full` and `reference` are frozen in the outcome. Encrypting twice gives
 * different bytes, so the first encrypted body that a process stores is used for every attempt.
 */

import { encryptPayload } from '@cardseal/webhook';
import type { Outcome } from '../job/index.ts';
import type { EndpointRecord, SealedJob } from '../ledger/index.ts';

/** Throws RejectedError `public_key_invalid`, and TransientError of the store. */
export async function frozenEvent(
  sealed: SealedJob,
  outcome: Omit<Outcome, 'nonce'>,
  endpointId: string,
  endpoint: Pick<EndpointRecord, 'payload' | 'publicKey'>,
): Promise<Buffer> {
  if (endpoint.payload !== 'encrypted') return plainEvent(outcome, endpoint.payload);
  const standing = await sealed.event(outcome.generation, endpointId);
  if (standing) return standing;
  const body = await encryptedBody(outcome, endpointId, endpoint.publicKey, sealed.job);
  if (await sealed.putEvent(outcome.generation, endpointId, body)) return body;
  return (await sealed.event(outcome.generation, endpointId)) ?? body;
}

export function plainEvent(outcome: Pick<Outcome, 'full' | 'reference'>, payload: 'full' | 'reference'): Buffer {
  return Buffer.from(outcome[payload]);
}

async function encryptedBody(
  outcome: Omit<Outcome, 'nonce'>,
  endpointId: string,
  publicKey: string | null,
  job: string,
) {
  const { type, timestamp, data } = JSON.parse(outcome.full) as { type: string; timestamp: string; data: object };
  const plaintext = Buffer.from(JSON.stringify({ event_id: outcome.eventId, endpoint_id: endpointId, type, data }));
  const jwe = await encryptPayload({ publicKey, plaintext });
  return Buffer.from(JSON.stringify({ type, timestamp, data: { id: job, generation: outcome.generation, jwe } }));
}
