/** Between BullMQ and the delivery pipeline. */
import { describeError } from '@cardseal/core/log';
import { type DeliverJob, giveUp, handBack, postpone } from '@cardseal/core/queue';
import type { Job } from 'bullmq';
import type { WorkerContext } from '../context.ts';
import { type DeliveryRun, deliver, ownFaultDelayMs } from './pipeline.ts';

export function deliverProcessor(context: WorkerContext) {
  return async (job: Job<DeliverJob>, token?: string, signal?: AbortSignal): Promise<void> => {
    const abort = signal ?? new AbortController().signal;
    const run = await runOnce(context, job, abort);
    if (abort.aborted && run.kind !== 'done') return handBack(job, token);
    if (run.kind === 'postpone') return postpone(job, token, run.delayMs);
    if (run.kind === 'exhausted') throw giveUp(`delivery_exhausted.${run.class}`);
  };
}

async function runOnce(context: WorkerContext, job: Job<DeliverJob>, signal: AbortSignal): Promise<DeliveryRun> {
  try {
    return await deliver(context, job.data, signal);
  } catch (error) {
    const { tenant, job: job_id, endpoint } = job.data;
    context.log.error('delivery.own_fault', { tenant, job_id, endpoint_id: endpoint, ...describeError(error) });
    return { kind: 'postpone', delayMs: ownFaultDelayMs(error) };
  }
}
