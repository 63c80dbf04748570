/** Connects BullMQ to the pipeline: turns the result of a run into the state of the queued job. */
import { asCardsealError, ThrottledError } from '@cardseal/base/errors';
import { backoffMs, ledgerBackoff } from '@cardseal/core/backoff';
import type { WaitingFor } from '@cardseal/core/job';
import { describeError } from '@cardseal/core/log';
import { giveUp, handBack, leaveToOthers, postpone, type RecognizeJob, spendAttempt } from '@cardseal/core/queue';
import { inSpan, withParent } from '@cardseal/core/trace';
import type { Job } from 'bullmq';
import type { WorkerContext } from '../context.ts';
import type { GateHold } from '../supervision/concurrency/index.ts';
import { createJobLock, type JobLock } from './guards/job-lock.ts';
import { type Attempt, type Run, recognize } from './pipeline.ts';
import { finishErased } from './steps/announce.ts';
import { openWork, type Work } from './support/work.ts';

/** Spreads jobs that wait for the same event, so that they do not all return at the same moment. */
const SPREAD_MS = 500;
/** While some other credential may be called: soon again. */
const GATE_RETRY_MS = 1000;

export function recognizeProcessor(context: WorkerContext, gates: Pick<GateHold, 'hold'>) {
  return async (job: Job<RecognizeJob>, token = '', signal?: AbortSignal): Promise<void> => {
    const abort = signal ?? new AbortController().signal;
    const lock = createJobLock(job, token, context.config.LOCK_DURATION_MS);
    context.jobQueue.announceStarted(job.data.job, job.data.generation);
    const startedAtMs = context.clock.now();
    const { work, run } = await runOnce(context, job, lock, abort);
    context.meter.left(job.data.job, context.clock.now() - startedAtMs);
    if (run.kind === 'done') return;
    if (run.kind === 'failed') throw giveUp(run.code);
    if (lock.isLost()) throw leaveToOthers();
    const gate = run.kind === 'postpone' ? run.gate : undefined;
    const waiting = run.kind === 'retry' ? 'retry' : (gate?.waitingFor ?? waitingFor(run.code));
    await keep(job, work, waiting, run);
    const { job: id, generation } = job.data;
    context.jobQueue.announceChange({ job: id, generation, state: 'queued', waitingFor: waiting });
    if (run.kind === 'retry') throw spendAttempt(run.code);
    if (run.code === 'interrupted') return handBack(job, token);
    // With every gate closed the job returns to its position in the queue, and the worker takes none until one opens.
    // A job whose own probe failed lets others probe first: its image may be the cause of the failures.
    if (gate && (await gates.hold())) {
      if (!gate.probed || !(await othersWait(context))) return handBack(job, token);
      return postpone(job, token, (await nextProbeMs(context)) + AFTER_PROBE_MS + context.random() * SPREAD_MS);
    }
    const delayMs = gate ? Math.min(run.delayMs, GATE_RETRY_MS) : run.delayMs;
    return postpone(job, token, delayMs + context.random() * SPREAD_MS);
  };
}

async function runOnce(
  context: WorkerContext,
  job: Job<RecognizeJob>,
  lock: JobLock,
  signal: AbortSignal,
): Promise<{ work: Work | null; run: Run }> {
  let work: Work | null = null;
  try {
    // A later run may find the reply already stored, and needs no image then.
    const ahead = job.attemptsStarted === 1 ? job.data.pictures : [];
    work = await openWork(context, { ...job.data, lock }, signal, ahead);
    await takeBackAttempts(context, job);
    if (!work) {
      await finishErased(context, job.data);
      return { work, run: { kind: 'done' } };
    }
    const attempt = attemptOf(context, job);
    return { work, run: await traced(work, (opened) => recognize(context, opened, attempt)) };
  } catch (thrown) {
    // Errors outside the sides come from the ledger, and nothing has been decided. A ledger that is away is waited for
    // without spending an attempt. Any other error is a defect, which must not run forever.
    const error = asCardsealError(thrown);
    if (error.code === 'job_erased') {
      await finishErased(context, job.data);
      return { work, run: { kind: 'done' } };
    }
    const away = error.disposition === 'transient' || error.disposition === 'throttled';
    const told = { tenant: job.data.tenant, job_id: job.data.job, ...describeError(thrown) };
    if (away) context.log.warn('job.postponed', told);
    else context.log.error('job.postponed', told);
    if (!away || error.code === 'store_tenant_missing' || error.code === 'store_record_missing') {
      context.metrics.count('cardseal_own_faults_total', { work: 'recognize', code: error.code });
    }
    if (!away) return { work, run: { kind: 'retry', code: error.code } };
    if (error instanceof ThrottledError) {
      return { work, run: { kind: 'postpone', code: error.code, delayMs: error.retryAfterMs } };
    }
    const ledgerAway = (job.data.ledgerAway ?? 0) + 1;
    const delayMs = backoffMs(ledgerAway, context.random(), ledgerBackoff);
    return { work, run: { kind: 'postpone', code: error.code, delayMs, ledgerAway } };
  }
}

/** The spare runs make as many failing calls at each further credential as close its gate. */
function attemptOf({ providers }: WorkerContext, { attemptsMade, opts, data }: Job<RecognizeJob>): Attempt {
  const { attempts = 1 } = opts;
  const { spared = 0, undecryptable = 0 } = data;
  return { last: attemptsMade + 1 >= attempts, undecryptable, spare: attempts * (providers.size - 1) - spared };
}

/** The trace continues that of the submit, which the ledger stores independently of the queue. */
function traced(work: Work, run: (work: Work) => Promise<Run>): Promise<Run> {
  const { job, generation, request } = work;
  return withParent(request.trace, () => inSpan('recognize', { job, generation }, () => run(work)));
}

/** Codes and ids only: what Redis may show to anyone with access. */
async function keep(job: Job<RecognizeJob>, work: Work | null, waiting: WaitingFor, run: Run): Promise<void> {
  const { ledgerAway: _, ...data } = job.data;
  const kept: RecognizeJob = { ...data, attempts: work?.attempts ?? data.attempts, waitingFor: waiting };
  if (run.kind === 'postpone' && run.ledgerAway !== undefined) kept.ledgerAway = run.ledgerAway;
  if (run.kind === 'postpone' && run.spared) kept.spared = (data.spared ?? 0) + 1;
  if (run.kind === 'retry' && run.undecryptable) kept.undecryptable = (data.undecryptable ?? 0) + 1;
  if (run.kind === 'retry' && run.spent) kept.spent = [...(data.spent ?? []), run.spent];
  await job.updateData(kept);
}

/** Limits the attempts that a job gets back, so that an image that causes every outage ends at last. */
const MOST_GIVEN_BACK = 50;

/** Gives back attempts whose run of problems has become an outage since then. */
async function takeBackAttempts({ pacer, jobQueue, log }: WorkerContext, job: Job<RecognizeJob>): Promise<void> {
  const { spent = [], givenBack = 0 } = job.data;
  if (spent.length === 0 || givenBack >= MOST_GIVEN_BACK) return;
  const outages = await pacer.outageRuns().catch(() => new Map<string, readonly number[]>());
  const left = spent.filter(({ credential, run }) => !outages.get(credential)?.includes(run));
  const count = spent.length - left.length;
  if (count === 0) return;
  await jobQueue.giveBackAttempts(job, count);
  await job.updateData({ ...job.data, spent: left, spared: 0, undecryptable: 0, givenBack: givenBack + count });
  log.info('recognize.attempts_given_back', { tenant: job.data.tenant, job_id: job.data.job, count });
}

/** Enough time for the next probe to take another job. */
const AFTER_PROBE_MS = 2000;
/** Longer than any pause between the probes of an outage. */
const LONGEST_PROBE_MS = 20_000;

/** The time until a closed gate may be probed next. The clocks of Redis and of this worker may differ. */
async function nextProbeMs({ pacer, clock }: WorkerContext): Promise<number> {
  const snapshot = await pacer.snapshot().catch(() => []);
  const times = snapshot.map(({ gate }) => gate.probeAt).filter((atMs) => atMs !== undefined);
  return Math.max(0, Math.min(LONGEST_PROBE_MS, Math.min(...times) - clock.now()));
}

async function othersWait({ jobQueue }: WorkerContext): Promise<boolean> {
  try {
    const counts = await jobQueue.queues().recognize.getJobCounts('wait', 'prioritized');
    return counts.wait! + counts.prioritized! > 0;
  } catch {
    // Thrown on, it would spend an attempt.
    return false;
  }
}

/** The job that found the gate closed also reports `quota`, like all jobs that wait after it. */
const AT_THE_GATE = new Set([
  'upstream_qps_limit',
  'upstream_daily_quota',
  'upstream_total_quota',
  'upstream_rights_missing',
  'upstream_account_invalid',
  'upstream_credential_refused',
]);

function waitingFor(code: string): WaitingFor {
  if (code.startsWith('quota_') || AT_THE_GATE.has(code)) return 'quota';
  if (code === 'interrupted' || code === 'overtaken') return 'worker';
  return 'provider';
}
