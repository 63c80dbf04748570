/**
 * What is left of an erased job, in the shape of a job: nothing opens, nothing can be written, and the only outcome is
 * the erasure itself, whose event is made from the tombstone alone. Who was about to work or to send finds this.
 */
import { RejectedError } from '../errors/index.ts';
import type { JobId, Outcome } from '../job/index.ts';
import { ERASURE_GENERATION, type Tombstone } from './erasures.ts';
import type { SealedJob } from './sealed-job.ts';

export function erasedJob(tenant: string, job: JobId, tombstone: Tombstone): SealedJob {
  const nothing = async () => null;
  const refuse = async (): Promise<never> => {
    throw new RejectedError('job_erased', { fields: { job } });
  };
  const event = erasedEvent(job, tombstone);
  return {
    tenant,
    job,
    request: nothing,
    commit: refuse,
    image: nothing,
    putImage: refuse,
    reply: nothing,
    putReply: refuse,
    crop: nothing,
    putCrop: refuse,
    outcome: async (generation) => (generation === ERASURE_GENERATION ? outcomeOf(tombstone, event) : null),
    decide: refuse,
    // Ids and times need no encryption: every payload mode gets the same bytes.
    event: async (generation) => (generation === ERASURE_GENERATION ? Buffer.from(event) : null),
    putEvent: refuse,
  };
}

function outcomeOf({ eventId, erasedAtMs }: Tombstone, event: string): Outcome {
  return {
    v: 1,
    nonce: '',
    generation: ERASURE_GENERATION,
    state: 'cancelled',
    code: 'erased',
    atMs: erasedAtMs,
    eventId,
    full: event,
    reference: event,
  };
}

function erasedEvent(job: JobId, { generation, createdAtMs, erasedAtMs, reason }: Tombstone): string {
  const iso = (ms: number) => new Date(ms).toISOString();
  const times = { created_at: iso(createdAtMs), erased_at: iso(erasedAtMs) };
  const data = { id: job, generation, state: 'erased', reason, ...times };
  return JSON.stringify({ type: 'job.erased', timestamp: iso(erasedAtMs), data });
}
