/**
 * The id of an event, derived from what happened, so that every attempt, replay, worker and endpoint arrives at the same
 * one without asking. It carries no reference and nothing personal, and it must never depend on time or chance.
 */
import { createHash } from 'node:crypto';
import { DefectError } from '@cardseal/base/errors';

export interface EventSubject {
  tenant: string;
  /** The object of the event: a job, a batch or an endpoint. */
  subject: string;
  /** Counts what can happen to the subject more than once: a job's generation, an endpoint's change of state. */
  generation: number;
  /** `job.succeeded` and the like: `job.erased` follows `job.succeeded` in the same generation. */
  type: string;
}

/** `msg_` and 32 hex digits (128 bits of SHA-256 over the length-prefixed parts). No dots. */
export function eventIdFor({ tenant, subject, generation, type }: EventSubject): string {
  if (!Number.isSafeInteger(generation) || generation < 0) throw new DefectError('webhook_event_generation');
  const hash = createHash('sha256');
  for (const part of ['cardseal event 1', tenant, subject, String(generation), type]) {
    const bytes = Buffer.from(part, 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  }
  return `msg_${hash.digest('hex').slice(0, 32)}`;
}
