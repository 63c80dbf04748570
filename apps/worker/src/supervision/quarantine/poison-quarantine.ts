/**
 * Finds the job that crashes the process among those that were active. A job whose process crashed twice is
 * quarantined and runs alone from then on. A job under which the process crashes alone again and again is
 * dead-lettered. A job that was only active at the same time is released by its own run. The counts are in Redis;
 * after a loss they start again.
 */
import { describeError, type Log } from '@cardseal/core/log';
import { type CrashCounts, postpone } from '@cardseal/core/queue';
import type { Job } from 'bullmq';
import { createExclusiveLock } from './exclusive-lock.ts';

/** Starts without a reported end. */
export const QUARANTINE_AFTER = 2;
/** Starts alone without a reported end: rare by chance, even with workers that are killed at random. */
export const DEAD_LETTER_AFTER = 3;
const REDIS_RETRY_MS = 1000;

export interface QuarantineParts<Data> {
  crashCounts: CrashCounts;
  log: Log;
  process: (job: Job<Data>, token?: string, signal?: AbortSignal) => Promise<void>;
  /** Gives the job the outcome of one that cannot be processed. Returns how its run ends; null when it did not fail. */
  deadLetter: (job: Job<Data>) => Promise<Error | null>;
}

/** The processor that BullMQ gets instead of `process`. */
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
      // Only a job that ended as failed is listed among the failed ones.
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
