/**
 * Rounds that nobody committed: of an API that was killed, or of a request that is still sending. Which of the two is told
 * by the marker alone: whoever is at work renews it. How long it has stood still is counted by this process's own
 * monotonic clock, never by ids or wall clocks, which are as old as a claim or as wrong as a machine.
 */
import type { Batches, BatchRound } from '@cardseal/core/ledger';

export interface UncommittedWatch {
  /** A look at a round without a head, or with one that says it is withdrawn. False when nothing is left of it. */
  see(round: BatchRound, withdrawn: boolean): Promise<boolean>;
  /** What is known of other rounds than these is forgotten. */
  keepOnly(rounds: ReadonlySet<string>): void;
}

export interface WatchSettings {
  /** Milliseconds on a clock that only runs on. */
  nowMs: () => number;
  /** How long a marker stands still before its round is withdrawn, and then again before it is closed. */
  patienceMs: number;
}

export function nameOf({ id, round }: BatchRound): string {
  return `${id}.${round}`;
}

export function createUncommittedWatch(batches: Batches, { nowMs, patienceMs }: WatchSettings): UncommittedWatch {
  const sightings = new Map<string, { what: string; sinceMs: number }>();

  return {
    async see(round, withdrawn) {
      const name = nameOf(round);
      // Before the look: an answer may come late, and must not count as news of now.
      const lookedAtMs = nowMs();
      const mark = await batches.mark(round);
      if (mark === null) {
        sightings.delete(name);
        return false;
      }
      const what = `${withdrawn ? 'withdrawn' : 'open'} ${mark}`;
      const sighting = sightings.get(name);
      if (sighting?.what !== what) sightings.set(name, { what, sinceMs: lookedAtMs });
      else if (lookedAtMs - sighting.sinceMs >= patienceMs) {
        const removed = await batches.withdraw(round);
        // It turned out to be committed, and is seen through at the next look.
        sightings.delete(name);
        if (withdrawn && removed === 0) {
          await batches.close(round);
          return false;
        }
      }
      return true;
    },
    keepOnly(rounds) {
      for (const name of sightings.keys()) if (!rounds.has(name)) sightings.delete(name);
    },
  };
}
