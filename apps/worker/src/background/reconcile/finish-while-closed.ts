/**
 * Ends queued jobs that need no provider call while every gate is closed and the worker takes no jobs: cancelled jobs,
 * and jobs whose replies are all stored. Retention ends expired jobs. It never calls a provider.
 */
import { describeError } from '@cardseal/core/log';
import type { RecognizeJob } from '@cardseal/core/queue';
import type { Job } from 'bullmq';
import type { WorkerContext } from '../../context.ts';
import { announce, finishErased } from '../../recognize/steps/announce.ts';
import { conclude } from '../../recognize/steps/conclude.ts';
import { openSides, openWork } from '../../recognize/support/work.ts';
import { createIsolation } from '../isolation.ts';

export interface ClosedGateSweep {
  start(): void;
  stop(): Promise<void>;
}

const EVERY_MS = 2000;
/** The front of the queue holds the cancelled jobs. The rest is read once in this number of rounds. */
const ALL_EVERY = 15;
const FRONT_JOBS = 200;
const ALL_JOBS = 1000;
const AT_ONCE = 20;
const MAX_WORK_MS = 60_000;

/** Runs from `start` to `stop`: while the gates are closed. */
export function createClosedGateSweep(context: WorkerContext): ClosedGateSweep {
  let running: { stopped: AbortController; done: Promise<void> } | null = null;

  async function loop(signal: AbortSignal): Promise<void> {
    const seen = new Set<string>();
    for (let round = 0; !signal.aborted; round++) {
      await sweepWhileClosed(context, seen, { all: round % ALL_EVERY === 0, signal }).catch((error) => {
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
      const ending = running;
      // A hold that begins while the last round ends gets a separate loop.
      running = null;
      ending?.stopped.abort();
      await ending?.done;
    },
  };
}

/**
 * One round. `seen` contains the jobs that were read and have not moved since. A job that cannot be read delays no
 * other. Returns how many jobs it ended. Throws the last transient error.
 */
export async function sweepWhileClosed(
  context: WorkerContext,
  seen: Set<string>,
  { all, signal }: { all: boolean; signal: AbortSignal },
): Promise<number> {
  const { recognize } = context.jobQueue.queues();
  const front = await recognize.getJobs(['wait'], 0, FRONT_JOBS - 1);
  const rest = all ? await recognize.getJobs(['prioritized', 'delayed'], 0, ALL_JOBS - 1) : [];
  const fresh = [...front, ...rest.filter(mayBeDone)].filter((job) => job && !seen.has(stateOf(job)));
  const alone = createIsolation(context);
  let ended = 0;
  for (let from = 0; from < fresh.length && !signal.aborted; from += AT_ONCE) {
    const page = fresh
      .slice(from, from + AT_ONCE)
      .map((job) => ({ tenant: job.data.tenant, job: job.data.job, queued: job }));
    const ends = await alone.each(page, async ({ queued }) => {
      const done = await finishWithoutCall(context, queued.data);
      seen.add(stateOf(queued));
      // A worker that took the job meanwhile finds the outcome and has nothing left to do.
      if (done) await queued.remove().catch(() => {});
      return done;
    });
    ended += ends.filter(Boolean).length;
  }
  alone.end();
  return ended;
}

/** Changes when the job was started, or moved to the front, since it was read. */
function stateOf({ id, attemptsStarted, priority }: Job<RecognizeJob>): string {
  return `${id} ${attemptsStarted} ${priority}`;
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
