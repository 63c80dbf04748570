/**
 * What entitles this worker to spend money on a card: the lock that came with it. A Redis that was emptied has
 * forgotten it, and the reconciler gives the card to others while it still waits here for its permit. The pacer's first
 * slot after that is a second away: whoever has heard of his lock less than a second before his slot calls before
 * anybody else can.
 */
import { ThrottledError } from '@cardseal/base/errors';
import { resolvedWithin } from '@cardseal/core/queue';
import type { Reserved } from '@cardseal/pacer';

/** Who will not have heard of his lock for longer, by his slot, asks. */
const SURE_FOR_MS = 1000;
const ANSWER_MS = 500;
const RETRY_MS = 1000;

/** BullMQ's job. */
export interface LockedJob {
  extendLock(token: string, durationMs: number): Promise<number>;
  stalledCounter: number;
  /** Epoch milliseconds at which this worker took it. */
  processedOn?: number | undefined;
  data: { restored?: boolean };
}

export interface JobLock {
  /** Others may have had it before us, and may be calling for it in this moment. */
  reassigned: boolean;
  /**
   * Whether the card will be ours at its slot. Asks Redis only where there is a doubt: after a wait, or when Redis began
   * to remember after the card was taken. Throws ThrottledError `pacing_unavailable` when it does not answer.
   */
  holds(slot: Reserved): Promise<boolean>;
  /** It was seen that it is not ours any more: nothing that Redis knows of the card is ours to change. */
  isLost(): boolean;
}

/** @param nowMs a clock that nobody sets. */
export function createJobLock(
  job: LockedJob,
  token: string,
  lockMs: number,
  nowMs: () => number = () => performance.now(),
): JobLock {
  // It may have waited in this process before its run began.
  const takenAtMs = nowMs() - Math.max(0, Date.now() - (job.processedOn ?? Date.now()));
  let sureAtMs = takenAtMs;
  let lost = false;

  async function ask(): Promise<boolean> {
    const askedAtMs = nowMs();
    const extended = await resolvedWithin(job.extendLock(token, lockMs), ANSWER_MS).catch((error: unknown) => {
      throw new ThrottledError('pacing_unavailable', RETRY_MS, { cause: error });
    });
    if (extended === null) throw new ThrottledError('pacing_unavailable', RETRY_MS);
    sureAtMs = askedAtMs;
    lost = extended !== 1;
    return !lost;
  }

  return {
    reassigned: job.stalledCounter > 0 || job.data.restored === true,
    isLost: () => lost,
    async holds({ leftMs, memoryAgeMs }) {
      const atMs = nowMs();
      const forgotten = memoryAgeMs < atMs - takenAtMs;
      return forgotten || atMs + leftMs() - sureAtMs > SURE_FOR_MS ? ask() : true;
    },
  };
}
