/** What the API shows of an erased job: that it existed, and when it was erased. */
import type { JobId, JobView } from '@cardseal/core/job';
import type { ErasureRecord, Tombstone } from '@cardseal/core/ledger';

export interface ErasedView extends JobView {
  erased_at: string;
  /** When the last object was deleted; null while workers still retry that. */
  removed_at: string | null;
  reason: string;
}

/** @param record null while the erasure is not complete. */
export function erasedView(job: JobId, tombstone: Tombstone, record: ErasureRecord | null): ErasedView {
  const at = new Date(tombstone.erasedAtMs).toISOString();
  return {
    id: job,
    generation: tombstone.generation,
    state: 'erased',
    waiting_for: null,
    estimated_start_at: null,
    reference: null,
    metadata: {},
    created_at: new Date(tombstone.createdAtMs).toISOString(),
    finished_at: at,
    sides: {},
    attempts: [],
    deliveries: [],
    erased_at: at,
    removed_at: record && new Date(record.completedAtMs).toISOString(),
    reason: tombstone.reason,
  };
}
