/** The long poll: subscribe, then read, so that an end between the two is not missed. */
import { isFinished, type JobId, type JobView } from '@cardseal/core/job';
import type { Caller } from '../auth/index.ts';
import type { ApiContext } from '../context.ts';
import { lookAgainMs } from './look-again.ts';
import { readJobTogether } from './read-together.ts';

/** The job when it has finished, or as it stands after `waitS` seconds. null when there is no such job. */
export async function waitForJob(
  context: ApiContext,
  caller: Caller,
  job: JobId,
  waitS: number,
): Promise<JobView | null> {
  const deadlineMs = context.clock.now() + waitS * 1000;
  for (;;) {
    const remainingMs = deadlineMs - context.clock.now();
    const sleepMs = Math.min(lookAgainMs(context), remainingMs);
    const end = context.finished.next(job, Math.max(0, sleepMs));
    const view = await readJobTogether(context, caller, job);
    if (!view || isFinished(view.state) || remainingMs <= 0) {
      end.cancel();
      return view;
    }
    await end.arrived;
  }
}
