/**
 * Submits that ended between their first write and their commit leave a marker, a key and pictures. Nothing tells one
 * that died from one that is slow but that nothing of it moves: so what lies there is looked at again and again, and
 * only what was the same for ten minutes is withdrawn. The time is this process's own and nobody's clock, and an id may
 * be as old as it likes: a claim of yesterday is worked on today.
 */
import type { JobId } from '@cardseal/core/job';
import type { Ledger } from '@cardseal/core/ledger';
import type { Log } from '@cardseal/core/log';

export interface LeftSubmits {
  /** Looks at one whose marker stands, that is not committed and not erased. */
  look(tenant: string, job: JobId): Promise<void>;
}

/** What was seen, and since when it is the same. */
export interface Sighting {
  seen: string;
  sinceMs: number;
}

const SAME_FOR_MS = 10 * 60_000;
/** What is remembered; who is forgotten is merely looked at for longer. */
const MAX_SIGHTINGS = 10_000;

export function createLeftSubmits(
  { ledger, log }: { ledger: Pick<Ledger, 'submits'>; log: Pick<Log, 'warn'> },
  {
    sameForMs = SAME_FOR_MS,
    monotonicMs = () => performance.now(),
    sightings = new Map<string, Sighting>(),
  }: { sameForMs?: number; monotonicMs?: () => number; sightings?: Map<string, Sighting> } = {},
): LeftSubmits {
  function isSettled(name: string, seen: string): boolean {
    const known = sightings.get(name);
    if (known?.seen === seen) return monotonicMs() - known.sinceMs >= sameForMs;
    sightings.delete(name);
    sightings.set(name, { seen, sinceMs: monotonicMs() });
    if (sightings.size > MAX_SIGHTINGS) sightings.delete(sightings.keys().next().value!);
    return false;
  }

  return {
    async look(tenant, job) {
      const name = `${tenant}/${job}`;
      const left = await ledger.submits.left(tenant, job);
      if (!left) return void sightings.delete(name);
      if (!isSettled(name, left.seen)) return;
      sightings.delete(name);
      if (left.withdrawn && left.empty) return ledger.submits.forget(tenant, job);
      if (await ledger.submits.withdraw(tenant, job)) {
        log.warn('reconcile.swept_uncommitted', { tenant, job_id: job });
      }
    },
  };
}
