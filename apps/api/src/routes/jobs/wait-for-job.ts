/** The long poll: subscribe, then read, so that an end between the two is not missed. */
import { isFinished, type JobId, type JobView } from '@cardseal/core/job';
import type { ApiContext } from '../../context.ts';
import type { Caller } from '../../http/auth/index.ts';
import { beginWait, type Wait } from '../../http/waits/index.ts';
import { lookAgainMs } from './poll-interval.ts';
import { readJobTogether } from './read-together.ts';

/**
 * The job when it has finished, or its current state after `waitS` seconds or when this process stops. null when there
 * is no such job. Throws Problem `unauthorized` or `forbidden` when the key loses what the request needs.
 */
export async function waitForJob(
  context: ApiContext,
  caller: Caller,
  job: JobId,
  waitS: number,
): Promise<JobView | null> {
  const wait = beginWait(context, caller);
  try {
    return await follow(context, caller, job, { waitS, wait });
  } finally {
    wait.end();
  }
}

async function follow(
  context: ApiContext,
  caller: Caller,
  job: JobId,
  { waitS, wait }: { waitS: number; wait: Wait },
): Promise<JobView | null> {
  const deadlineMs = context.clock.now() + waitS * 1000;
  for (;;) {
    const remainingMs = wait.signal.aborted ? 0 : deadlineMs - context.clock.now();
    const sleepMs = Math.min(lookAgainMs(context), remainingMs);
    const end = context.finished.next(job, Math.max(0, sleepMs), wait.signal);
    const view = await readJobTogether(context, caller, job);
    const ended = wait.ended();
    if (ended && ended.code !== 'shutting_down') {
      end.cancel();
      throw ended;
    }
    if (!view || isFinished(view.state) || remainingMs <= 0) {
      end.cancel();
      return view;
    }
    await end.arrived;
  }
}
