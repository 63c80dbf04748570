/** What may be said of an erased job: that it was there, and when it went. */
import type { JobId, JobView } from '@cardseal/core/job';
import type { Tombstone } from '@cardseal/core/ledger';

export function erasedView(job: JobId, tombstone: Tombstone): JobView & { erased_at: string; reason: string } {
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
    reason: tombstone.reason,
  };
}
