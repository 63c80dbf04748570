/**
 * Withdraws submissions that ended between their first write and their commit; they leave a marker, a key and images.
 * A crashed submission and a slow one differ only in that the crashed one does not change: only what has not changed
 * for ten minutes is withdrawn. The age of the id proves nothing, because a claim of yesterday may be continued today.
 */
import { createStallDetector } from '@cardseal/base/clock';
import type { JobId } from '@cardseal/core/job';
import type { Ledger } from '@cardseal/core/ledger';
import type { Log } from '@cardseal/core/log';

export interface SubmissionSweep {
  /** Handles one that has a marker and is neither committed nor erased. */
  look(tenant: string, job: JobId): Promise<void>;
}

export const SAME_FOR_MS = 10 * 60_000;

export function createSubmissionSweep(
  {
    ledger: {
      jobs: { pendingSubmissions },
    },
    log,
  }: { ledger: Pick<Ledger, 'jobs'>; log: Pick<Log, 'warn'> },
  standstill = createStallDetector({ forMs: SAME_FOR_MS }),
): SubmissionSweep {
  return {
    async look(tenant, job) {
      const name = `${tenant}/${job}`;
      const left = await standstill.check(
        name,
        () => pendingSubmissions.left(tenant, job),
        ({ seen }) => seen,
      );
      if (!left?.stopped) return;
      standstill.forget(name);
      if (left.seen.withdrawn && left.seen.empty) return pendingSubmissions.forget(tenant, job);
      if (await pendingSubmissions.withdraw(tenant, job)) {
        log.warn('reconcile.swept_uncommitted', { tenant, job_id: job });
      }
    },
  };
}
