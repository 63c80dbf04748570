/**
 * What is to be done at a time, as names in the order of that time: a sweep reads from the front and stops at now, so
 * that it costs what is due and resumes by itself. Only the exceptions are here (expiry, a retention time of the job's
 * own, pictures kept after a failure): the common retention is read off the index, which costs no write.
 */

import { type ObjectStore, scan } from '@cardseal/object-store';
import { type DueRef, parseDue, paths } from '../paths.ts';

export interface Schedule {
  at(timeMs: number, ref: DueRef): Promise<void>;
  /** What is due at `nowMs`, oldest first. Settle each one when it is done. */
  until(nowMs: number): AsyncGenerator<DueRef & { key: string }>;
  settle(key: string): Promise<void>;
}

export function createSchedule(store: ObjectStore): Schedule {
  return {
    // Rounded up: nothing is done before its time.
    at: (timeMs, ref) => store.put(paths.due(secondOf(timeMs + 999), ref), Buffer.alloc(0)),
    async *until(nowMs) {
      const now = secondOf(nowMs);
      for await (const key of scan(store, paths.allDue)) {
        const ref = parseDue(key);
        if (!ref) continue;
        if (ref.second > now) return;
        yield { tenant: ref.tenant, job: ref.job, what: ref.what, key };
      }
    },
    settle: (key) => store.delete([key]),
  };
}

function secondOf(timeMs: number): string {
  return new Date(timeMs).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14);
}
