/**
 * Rounds that nobody committed: of an API that was killed, or of a request that is still sending. Which of the two is
 * told by the marker alone: whoever is at work renews it.
 */
import type { StallDetector } from '@cardseal/base/clock';
import type { Batches, BatchRound } from '@cardseal/core/ledger';

export interface UncommittedWatch {
  /** A look at a round without a head, or with one that says it is withdrawn. False when nothing is left of it. */
  see(round: BatchRound, withdrawn: boolean): Promise<boolean>;
}

export function nameOf({ id, round }: BatchRound): string {
  return `${id}.${round}`;
}

/** @param standstill how long a marker stands still before its round is withdrawn, and then again before it is closed. */
export function createUncommittedWatch(batches: Batches, standstill: StallDetector): UncommittedWatch {
  return {
    async see(round, withdrawn) {
      const name = nameOf(round);
      const state = withdrawn ? 'withdrawn' : 'open';
      const left = await standstill.look(
        name,
        () => batches.mark(round),
        (mark) => `${state} ${mark}`,
      );
      if (!left) return false;
      if (!left.stopped) return true;
      const removed = await batches.withdraw(round);
      // It turned out to be committed, and is seen through at the next look.
      standstill.forget(name);
      if (!withdrawn || removed !== 0) return true;
      await batches.close(round);
      return false;
    },
  };
}
