/** Maps dispositions to BullMQ's own error classes: how a processor's run ends. No other file knows these classes. */
import { DelayedError, type Job, UnrecoverableError, WaitingError } from 'bullmq';

/** Runs again after `delayMs` without spending an attempt. Always throws. */
export async function postpone(job: Job, token: string | undefined, delayMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + delayMs, token);
  throw new DelayedError();
}

/** Returns the job to the queue at once, for another worker; no attempt is spent. Always throws. */
export async function handBack(job: Job, token: string | undefined): Promise<never> {
  await job.moveToWait(token);
  throw new WaitingError();
}

/** Another worker owns the job now: this worker must not change anything of it in Redis. */
export function leaveToOthers(): Error {
  return new DelayedError();
}

/** Ends in the failed set with a constant code as its reason. */
export function giveUp(code: string): Error {
  return new UnrecoverableError(code);
}

/** Fails this run: BullMQ spends an attempt and applies the backoff. */
export function spendAttempt(code: string): Error {
  return new Error(code);
}
