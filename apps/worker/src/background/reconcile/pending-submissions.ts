/**
 * PendingSubmissions that ended between their first write and their commit leave a marker, a key and pictures. Nothing tells one
 * that died from one that is slow but that nothing of it moves: only what stood still for ten minutes is withdrawn. An
 * id may be as old as it likes: a claim of yesterday is worked on today.
 */
import { createStallDetector } from '@cardseal/base/clock';
import type { JobId } from '@cardseal/core/job';
import type { Ledger } from '@cardseal/core/ledger';
import type { Log } from '@cardseal/core/log';

export interface SubmissionSweep {
  /** Looks at one whose marker stands, that is not committed and not erased. */
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
