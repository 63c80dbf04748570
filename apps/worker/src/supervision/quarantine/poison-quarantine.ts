/**
 * Finds the picture that crashes the process among those that were in its hands: a card whose process died under it
 * twice is suspected and from then on runs alone; one under which the process dies alone again and again is convicted.
 * Who merely stood beside it is acquitted by its own run. The marks are in Redis: lost with it, they are made again.
 */
import { describeError, type Log } from '@cardseal/core/log';
import { type CrashCounts, postpone } from '@cardseal/core/queue';
import type { Job } from 'bullmq';
import { createExclusiveLock } from './exclusive-lock.ts';

/** Starts that ended without a word. */
export const QUARANTINE_AFTER = 2;
/** Starts alone that ended without a word: by chance, with workers killed at random, this hardly happens. */
export const DEAD_LETTER_AFTER = 3;
const REDIS_RETRY_MS = 1000;

export interface QuarantineParts<Data> {
  crashCounts: CrashCounts;
  log: Log;
  process: (job: Job<Data>, token?: string, signal?: AbortSignal) => Promise<void>;
  /** Gives the card the outcome of one that cannot be worked on. Returns how its run ends; null when it did not fail. */
  deadLetter: (job: Job<Data>) => Promise<Error | null>;
}

/** The processor that BullMQ is given in place of `process`. */
export function quarantinePoisonJobs<Data>({ crashCounts, log, process, deadLetter }: QuarantineParts<Data>) {
  const lock = createExclusiveLock();

  async function runAlone(job: Job<Data>, token?: string, signal?: AbortSignal): Promise<void> {
    const id = job.id!;
    const starts = await crashCounts.begin(id).catch((error) => {
      log.warn('job.postponed', { ...describeError(error) });
      return postpone(job, token, REDIS_RETRY_MS);
    });
    if (starts > DEAD_LETTER_AFTER) {
      log.error('job.convicted', { reason: id, attempt: job.stalledCounter });
      const failed = await deadLetter(job);
      await crashCounts.end(id);
      // Only what ended as failed is seen among the failed ones.
      if (failed) throw failed;
      return;
    }
    log.warn('job.suspected', { reason: id, attempt: starts });
    try {
      await process(job, token, signal);
    } finally {
      await crashCounts.end(id).catch(() => {});
    }
  }

  return (job: Job<Data>, token?: string, signal?: AbortSignal): Promise<void> =>
    job.stalledCounter < QUARANTINE_AFTER
      ? lock.among(() => process(job, token, signal))
      : lock.alone(() => runAlone(job, token, signal));
}
