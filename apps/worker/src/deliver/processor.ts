/** Connects BullMQ to the delivery pipeline: a job is a delivery, or a recovery that makes deliveries due again. */
import { asCardsealError } from '@cardseal/base/errors';
import type { RecoveryRef } from '@cardseal/core/ledger';
import { describeError } from '@cardseal/core/log';
import {
  type DeliverJob,
  deliverJobId,
  giveUp,
  handBack,
  longestWaitMs,
  postpone,
  RECOVER,
} from '@cardseal/core/queue';
import type { Job } from 'bullmq';
import type { WorkerContext } from '../context.ts';
import { deliver, ownFaultDelayMs } from './pipeline.ts';
import { recover } from './recovery.ts';
import type { DeliveryRun } from './support/delivery-run.ts';
import type { DeliveryRuntime } from './support/delivery-runtime.ts';

/** A recovery does not count its faults: a defect delays it by one to two minutes. */
const RECOVERY_FAULTS = 5;

export function deliverProcessor(context: WorkerContext, runtime: DeliveryRuntime) {
  return async (job: Job<DeliverJob>, token?: string, signal?: AbortSignal): Promise<void> => {
    const abort = signal ?? new AbortController().signal;
    if (job.name === RECOVER) return runRecovery(context, job, token, abort);
    const run = await runOnce(context, runtime, job, abort);
    if (abort.aborted && run.kind !== 'done') return handBack(job, token);
    if (run.kind === 'wait') return waitInLine(context, runtime, job, token, run.place);
    if (run.kind === 'postpone') {
      await keepInQueue(job, run);
      return run.scheduled
        ? sleepUntilDue(context, runtime, job, token, run.delayMs)
        : postpone(job, token, run.delayMs);
    }
    if (run.kind === 'exhausted') throw giveUp(`delivery_exhausted.${run.class}`);
  };
}

/** What the next run must know: whether it is a first attempt, and how many consecutive runs a fault stopped. */
async function keepInQueue(job: Job<DeliverJob>, run: Extract<DeliveryRun, { kind: 'postpone' }>): Promise<void> {
  const { faults, late, ...ref } = job.data;
  const isLate = late || run.late;
  if (isLate === (late ?? false) && faults === run.faults) return;
  const counted = run.faults === undefined ? {} : { faults: run.faults };
  await job.updateData({ ...ref, ...(isLate ? { late: true } : {}), ...counted });
}

async function runOnce(
  context: WorkerContext,
  runtime: DeliveryRuntime,
  job: Job<DeliverJob>,
  signal: AbortSignal,
): Promise<DeliveryRun> {
  try {
    return await deliver(context, runtime, job.data, { firstStart: job.attemptsStarted === 1, signal });
  } catch (error) {
    const { tenant, job: job_id, endpoint, late = false } = job.data;
    if (signal.aborted) return { kind: 'postpone', delayMs: 0, late };
    context.log.error('delivery.own_fault', { tenant, job_id, endpoint_id: endpoint, ...describeError(error) });
    context.metrics.count('cardseal_own_faults_total', { work: 'deliver', code: asCardsealError(error).code });
    const faults = (job.data.faults ?? 0) + 1;
    return { kind: 'postpone', delayMs: ownFaultDelayMs(error, faults, context.random()), late, faults };
  }
}

/**
 * Sleeps until its next attempt. A resend during this run could not wake it. It wrote its entry to the record first,
 * so the read after going to sleep finds it. Always throws.
 */
async function sleepUntilDue(
  { ledger, clock }: WorkerContext,
  runtime: DeliveryRuntime,
  job: Job<DeliverJob>,
  token: string | undefined,
  delayMs: number,
): Promise<never> {
  try {
    return await postpone(job, token, delayMs);
  } catch (handover) {
    const { last } = await ledger.deliveries.records.read(job.data).catch(() => ({ last: null }));
    const isResent = last?.class === 'resent' && (last.nextAtMs ?? 0) <= clock.now();
    if (isResent) await runtime.wake({ ids: [deliverJobId(job.data)], atMs: 0 });
    throw handover;
  }
}

/**
 * Sleeps until another delivery promotes it. A promotion before it slept had no effect, so it checks once more. Always
 * throws.
 */
async function waitInLine(
  { random }: WorkerContext,
  runtime: DeliveryRuntime,
  job: Job<DeliverJob>,
  token: string | undefined,
  place: number,
): Promise<never> {
  try {
    return await postpone(job, token, longestWaitMs(place, random()));
  } catch (handover) {
    const id = deliverJobId(job.data);
    const waits = await runtime.endpointLimits.stillWaits(job.data, id).catch(() => true);
    if (!waits) await runtime.wake({ ids: [id], atMs: 0 });
    throw handover;
  }
}

async function runRecovery(
  context: WorkerContext,
  job: Job<DeliverJob>,
  token: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const ref = job.data as unknown as RecoveryRef;
  try {
    await recover(context, ref, signal);
  } catch (error) {
    context.metrics.count('cardseal_own_faults_total', { work: 'recover', code: asCardsealError(error).code });
    context.log.warn('endpoint.recovery_postponed', {
      tenant: ref.tenant,
      endpoint_id: ref.endpoint,
      ...describeError(error),
    });
    return postpone(job, token, ownFaultDelayMs(error, RECOVERY_FAULTS, context.random()));
  }
  if (signal.aborted) return handBack(job, token);
}
