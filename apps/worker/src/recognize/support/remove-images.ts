/**
 * Deletes the images of a job that has ended, or schedules their deletion. The clean-up is separate from the
 * announcement: if objects cannot be deleted, a due name owes their deletion, and the retention sweep retries until
 * they are gone.
 */
import type { Outcome, OutcomeState } from '@cardseal/core/job';
import { describeError } from '@cardseal/core/log';
import { keptForMs } from '../../background/retention/kept-for.ts';
import type { WorkerContext } from '../../context.ts';
import type { Work } from './work.ts';

type Ended = Pick<Outcome, 'atMs' | 'state'>;

/** Whether no retry can need the images any more. */
export function needsNoImages(state: OutcomeState): boolean {
  return state === 'succeeded' || state === 'cancelled';
}

/** Throws only if the ledger takes no write: then the generation stays open, and a later run schedules the deletion. */
export async function planRemoval(context: WorkerContext, work: Work, outcome: Ended): Promise<void> {
  const { ledger, tenants, config } = context;
  const { tenant, job, request } = work;
  if (!request.keepImages) await removeOrOwe(context, work, outcome);
  if (request.retainForS !== null) {
    const keptMs = keptForMs(request, await tenants.get(tenant), config.RETENTION_MS);
    await ledger.jobs.schedule.at(outcome.atMs + keptMs, { tenant, job, what: 'retention' });
  }
}

async function removeOrOwe({ ledger, clock, config, log }: WorkerContext, work: Work, outcome: Ended): Promise<void> {
  const { tenant, job, request } = work;
  if (!needsNoImages(outcome.state)) {
    // A retry may need them within its window.
    return ledger.jobs.schedule.at(outcome.atMs + config.RETRY_WINDOW_MS, { tenant, job, what: 'pictures' });
  }
  try {
    await ledger.jobs.deleteImages(tenant, job, request.sides);
  } catch (error) {
    log.warn('images.removal_postponed', { tenant, job_id: job, ...describeError(error) });
    await ledger.jobs.schedule.at(clock.now(), { tenant, job, what: 'pictures' });
  }
}
