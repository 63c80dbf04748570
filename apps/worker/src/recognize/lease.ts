/**
 * What entitles this worker to spend money on a card: the lock that came with it. A Redis that was emptied has
 * forgotten it, and the reconciler gives the card to others while it still waits here for its permit.
 */
import { ThrottledError } from '@cardseal/core/errors';
import type { Permit } from '@cardseal/core/pacing';
import { answeredWithin } from '@cardseal/core/queue';

/** Who has waited for longer since it last heard of its lock asks. */
const SURE_FOR_MS = 1000;
const ANSWER_MS = 500;
const RETRY_MS = 1000;

/** BullMQ's job and the token of its lock. */
export interface LockedJob {
  extendLock(token: string, durationMs: number): Promise<number>;
  stalledCounter: number;
  data: { restored?: boolean };
}

export interface Lease {
  /** Others may have had it before us, and may be calling for it in this moment. */
  secondHand: boolean;
  /**
   * Whether the card is ours still. Asks Redis only where there is a doubt: after a wait, or when Redis began to
   * remember after the lock was taken. Throws ThrottledError `pacing_unavailable` when it does not answer.
   */
  holds(permit: Pick<Permit, 'memoryAgeMs'>): Promise<boolean>;
}

/** Taken in this moment. @param nowMs a clock that nobody sets. */
export function createLease(
  job: LockedJob,
  token: string,
  lockMs: number,
  nowMs: () => number = () => performance.now(),
): Lease {
  const takenAtMs = nowMs();
  let sureAtMs = takenAtMs;

  async function ask(): Promise<boolean> {
    const askedAtMs = nowMs();
    const extended = await answeredWithin(job.extendLock(token, lockMs), ANSWER_MS).catch((error: unknown) => {
      throw new ThrottledError('pacing_unavailable', RETRY_MS, { cause: error });
    });
    if (extended === null) throw new ThrottledError('pacing_unavailable', RETRY_MS);
    sureAtMs = askedAtMs;
    return extended === 1;
  }

  return {
    secondHand: job.stalledCounter > 0 || job.data.restored === true,
    async holds({ memoryAgeMs }) {
      const nowAtMs = nowMs();
      const forgotten = memoryAgeMs < nowAtMs - takenAtMs;
      return forgotten || nowAtMs - sureAtMs > SURE_FOR_MS ? ask() : true;
    },
  };
}
