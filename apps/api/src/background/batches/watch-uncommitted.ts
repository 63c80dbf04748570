/**
 * Uncommitted rounds of batches: of an API process that was killed, or of a request that is still sending. Only the
 * marker distinguishes the two: a live process renews it.
 */
import type { StallDetector } from '@cardseal/base/clock';
import type { Batches, BatchRound } from '@cardseal/core/ledger';

export interface UncommittedWatch {
  /**
   * Reads a round without a head, or with one that says that it is withdrawn. Returns false when nothing of it is
   * left.
   */
  see(round: BatchRound, withdrawn: boolean): Promise<boolean>;
}

export function nameOf({ id, round }: BatchRound): string {
  return `${id}.${round}`;
}

/**
 * @param stalls detects a marker that has not changed for long: first the round is withdrawn, and after the same
 * time again it is closed.
 */
export function createUncommittedWatch(batches: Batches, stalls: StallDetector): UncommittedWatch {
  return {
    async see(round, withdrawn) {
      const name = nameOf(round);
      const state = withdrawn ? 'withdrawn' : 'open';
      const left = await stalls.check(
        name,
        () => batches.mark(round),
        (mark) => `${state} ${mark}`,
      );
      if (!left) return false;
      if (!left.stopped) return true;
      const removed = await batches.withdraw(round);
      // It turned out to be committed, and the next round advances it.
      stalls.forget(name);
      if (!withdrawn || removed !== 0) return true;
      await batches.close(round);
      return false;
    },
  };
}
