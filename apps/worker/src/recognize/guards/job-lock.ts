/**
 * The lock that entitles this worker to a billed call. A Redis that was emptied has lost it, and the reconciler gives
 * the job to other workers while it still waits here for its permit. After a loss the pacer's first slot is at least a
 * second away: a worker that confirmed its lock less than a second before its slot calls before any other worker can.
 */
import { ThrottledError } from '@cardseal/base/errors';
import { resolvedWithin } from '@cardseal/core/queue';
import type { Reserved } from '@cardseal/pacer';

/**
 * The maximum age of the last lock confirmation at the time of the slot. With an older one the worker asks Redis
 * again.
 */
const SURE_FOR_MS = 1000;
const ANSWER_MS = 500;
const RETRY_MS = 1000;

/** The BullMQ job. */
export interface LockedJob {
  extendLock(token: string, durationMs: number): Promise<number>;
  stalledCounter: number;
  /** Epoch milliseconds at which this worker took the job. */
  processedOn?: number | undefined;
  data: { restored?: boolean };
}

export interface JobLock {
  /** Another worker may have had the job before, and may be calling for it now. */
  reassigned: boolean;
  /**
   * Whether this worker still owns the job at its slot. Reads Redis only in case of doubt: after a wait, or when Redis
   * lost its data after the job was taken. Throws ThrottledError `pacing_unavailable` when Redis does not respond.
   */
  holds(slot: Reserved): Promise<boolean>;
  /** The lock is known to be lost: this worker must not change anything of the job in Redis. */
  isLost(): boolean;
}

/** @param nowMs a monotonic clock. */
export function createJobLock(
  job: LockedJob,
  token: string,
  lockMs: number,
  nowMs: () => number = () => performance.now(),
): JobLock {
  // The job may have waited in this process before its run began.
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
