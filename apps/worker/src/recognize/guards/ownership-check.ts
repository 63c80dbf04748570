/**
 * The final ownership check before a billed call: this worker still owns the job, and the side still has no reply. It
 * runs only when ownership is uncertain, and must finish before the reserved slot: nothing may run between a slot and
 * its call.
 */
import { ThrottledError } from '@cardseal/base/errors';
import type { Side } from '@cardseal/core/job';
import type { Reserved } from '@cardseal/pacer';
import type { WorkerContext } from '../../context.ts';
import { openSides, openWork, type Work } from '../support/work.ts';

/** After a longer wait the worker reads the ledger again. */
const LATE_MS = 5000;
/** Time for the check. A check that takes longer loses the slot, and the job gets another one. */
const AHEAD_MS = 100;
/**
 * Reuse the result of a check for the next slot when it finishes after its own slot. Otherwise a slow store would cost
 * one slot after the other.
 */
const FRESH_MS = 2000;

export type OwnershipCheck = (slot: Reserved) => Promise<void>;

/** For one permit and the slots that are lost before it. Throws ThrottledError `overtaken`, or as the ledger does. */
export function createOwnershipCheck(context: WorkerContext, work: Work, side: Side): OwnershipCheck {
  const { clock, stopping } = context;
  const { lock } = work;
  let lookedAtMs = Number.NEGATIVE_INFINITY;

  return async (slot) => {
    if (lock && !(await lock.holds(slot))) throw new ThrottledError('overtaken', 0);
    if (clock.now() - lookedAtMs <= FRESH_MS) return;
    if (lock?.reassigned) {
      // As late as possible: a worker that had the job before may be calling now.
      const earlyMs = slot.leftMs() - AHEAD_MS;
      if (earlyMs > 0) await clock.sleep(earlyMs, AbortSignal.any([work.signal, stopping]));
    } else if (clock.now() - work.lookedAtMs <= LATE_MS) return;
    const atMs = clock.now();
    await lookAgain(context, work, side);
    lookedAtMs = atMs;
  };
}

/** State may have changed during the wait for the permit: a reply of another worker, an outcome, an erasure. */
async function lookAgain(context: WorkerContext, work: Work, side: Side): Promise<void> {
  const now = await openWork(context, work, work.signal);
  const decided = now?.inventory.decided.includes(work.generation);
  if (!now || decided || !openSides(now).includes(side)) throw new ThrottledError('overtaken', 0);
}
