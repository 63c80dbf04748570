/**
 * Ends queued jobs that need no provider call while every gate is closed and the worker takes none: cancelled ones, and
 * ones whose replies are all stored. Expired jobs are ended by retention. It never calls a provider.
 */
import { describeError } from '@cardseal/core/log';
import type { RecognizeJob } from '@cardseal/core/queue';
import type { Job } from 'bullmq';
import type { WorkerContext } from '../context.ts';
import { announce, finishErased } from './announce.ts';
import { conclude } from './conclude.ts';
import { openSides, openWork } from './work.ts';

export interface HeldSweep {
  start(): void;
  stop(): Promise<void>;
}

const EVERY_MS = 2000;
/** The front of the queue holds the cancelled jobs; the rest is looked through once in so many rounds. */
const ALL_EVERY = 15;
const FRONT_JOBS = 200;
const ALL_JOBS = 1000;
const MAX_WORK_MS = 60_000;

/** Runs from `start` to `stop`: while the gates are closed. */
export function createHeldSweep(context: WorkerContext): HeldSweep {
  let running: { stopped: AbortController; done: Promise<void> } | null = null;

  async function loop(signal: AbortSignal): Promise<void> {
    const seen = new Set<string>();
    for (let round = 0; !signal.aborted; round++) {
      await sweepHeld(context, seen, { all: round % ALL_EVERY === 0, signal }).catch((error) => {
        context.log.warn('recognize.sweep_postponed', describeError(error));
      });
      await context.clock.sleep(EVERY_MS, signal).catch(() => {});
    }
  }

  return {
    start() {
      if (running) return;
      const stopped = new AbortController();
      running = { stopped, done: loop(stopped.signal) };
    },
    async stop() {
      running?.stopped.abort();
      await running?.done;
      running = null;
    },
  };
}

/** One round. `seen` holds what was looked at already and has not moved since. Returns how many jobs it ended. */
export async function sweepHeld(
  context: WorkerContext,
  seen: Set<string>,
  { all, signal }: { all: boolean; signal: AbortSignal },
): Promise<number> {
  const { recognize } = context.conveyor.queues();
  const front = await recognize.getJobs(['wait'], 0, FRONT_JOBS - 1);
  const rest = all ? await recognize.getJobs(['prioritized', 'delayed'], 0, ALL_JOBS - 1) : [];
  const candidates = [...front, ...rest.filter(mayBeDone)].filter(Boolean);
  let ended = 0;
  for (const job of candidates) {
    const state = `${job.id} ${job.attemptsStarted} ${job.priority}`;
    if (signal.aborted || seen.has(state)) continue;
    if (await finishWithoutCall(context, job.data)) {
      ended += 1;
      // A worker that has taken it meanwhile finds the outcome and has nothing left to do.
      await job.remove().catch(() => {});
    }
    seen.add(state);
  }
  return ended;
}

/** Only a job that was started, restored, or opened again can have its replies already. */
function mayBeDone(job: Job<RecognizeJob> | undefined): boolean {
  return job !== undefined && (job.attemptsStarted > 0 || job.data.restored === true || job.data.generation > 1);
}

/** Whether the job has ended and need not run any more. A failed one stays queued, to be listed among the failed. */
async function finishWithoutCall(context: WorkerContext, data: RecognizeJob): Promise<boolean> {
  const work = await openWork(context, data, AbortSignal.timeout(MAX_WORK_MS));
  if (!work) {
    await finishErased(context, data);
    return true;
  }
  const decided = work.inventory.decided.includes(work.generation);
  if (!decided && openSides(work).length > 0) return false;
  const state = decided ? null : await conclude(context, work);
  const outcome = await announce(context, work);
  return (outcome?.state ?? state) !== 'failed';
}
