/**
 * Names of due work, in the order of the due times. A sweep reads from the front and stops at the current
 * time: it costs as much as there is due work and resumes by itself. Only exceptions are here (expiry, a job's own
 * retention time, images kept after a failure). The common retention follows from the index and costs no write.
 */

import { type ObjectStore, scan } from '@cardseal/object-store';
import { type DueRef, parseDue, paths } from '../paths.ts';

export interface Schedule {
  at(timeMs: number, ref: DueRef): Promise<void>;
  /** The entries that are due at `nowMs`, oldest first. The caller settles each entry when it is done. */
  until(nowMs: number): AsyncGenerator<DueRef & { key: string }>;
  settle(key: string): Promise<void>;
}

export function createSchedule(store: ObjectStore): Schedule {
  return {
    // Rounded up: nothing happens before its time.
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
