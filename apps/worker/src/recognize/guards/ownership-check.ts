/**
 * The last look before money is spent: whether the card is still ours, and its side still without an answer. It is taken
 * only where there is a doubt, and while the slot is still to come: nothing may run between a slot and its call.
 */
import { ThrottledError } from '@cardseal/base/errors';
import type { Side } from '@cardseal/core/job';
import type { Reserved } from '@cardseal/pacer';
import type { WorkerContext } from '../../context.ts';
import { openSides, openWork, type Work } from '../support/work.ts';

/** Who was away for longer looks at the ledger again. */
const LATE_MS = 5000;
/** Time for a look; who needs more loses the slot and is given another. */
const AHEAD_MS = 100;
/** What a look saw that came too late for its slot holds for the next one, or a slow store would cost slot after slot. */
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
      // As late as can be: who had it before us may be on the wire.
      const earlyMs = slot.leftMs() - AHEAD_MS;
      if (earlyMs > 0) await clock.sleep(earlyMs, AbortSignal.any([work.signal, stopping]));
    } else if (clock.now() - work.lookedAtMs <= LATE_MS) return;
    const atMs = clock.now();
    await lookAgain(context, work, side);
    lookedAtMs = atMs;
  };
}

/** The world may have moved on while the permit was waited for: another worker's reply, an outcome, an erasure. */
async function lookAgain(context: WorkerContext, work: Work, side: Side): Promise<void> {
  const now = await openWork(context, work, work.signal);
  const decided = now?.inventory.decided.includes(work.generation);
  if (!now || decided || !openSides(now).includes(side)) throw new ThrottledError('overtaken', 0);
}
