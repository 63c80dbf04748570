/** Ends a job in the ledger as a worker does, for tests without workers. */
import type { JobId, JobView } from '@cardseal/core/job';
import type { Ledger } from '@cardseal/core/ledger';

/**
 * The view is what the API returned at submit; `change` is what the end adds. Returns false and writes nothing when the
 * generation already has an outcome or the job was erased.
 */
export async function endJob(
  ledger: Ledger,
  tenant: string,
  view: JobView,
  change: Partial<JobView> & { state: 'succeeded' | 'failed' | 'expired' },
): Promise<boolean> {
  const job: JobId = view.id;
  const atMs = Date.now();
  const sealed = await ledger.jobs.open(tenant, job);
  if (!sealed) return false;
  const data = { ...view, waiting_for: null, finished_at: new Date(atMs).toISOString(), ...change };
  const generation = view.generation;
  const won = await sealed.decide({
    v: 1,
    generation,
    state: change.state,
    code: change.failure?.code ?? '-',
    atMs,
    eventId: `msg_${job}`,
    full: JSON.stringify({ type: `job.${change.state}`, timestamp: data.finished_at, data }),
    reference: '{}',
  });
  if (!won) return false;
  await ledger.jobs.listing.finished(tenant, job, view.reference, { generation, state: change.state, code: '-' });
  await ledger.jobs.markers.closeGeneration(tenant, job, generation, view.reference);
  return true;
}
