import { CardsealError } from '@cardseal/base/errors';
import { SCOPES } from '@cardseal/core/ledger';
import { cancelJob, eraseJob, retryJob } from '@cardseal/core/use-cases';
import { cancelParts } from '../../apps/api/src/context.ts';
import { storeJob } from '../../apps/api/src/pipeline/store.ts';
import { createSubmissionSweep } from '../../apps/worker/src/background/reconcile/pending-submissions.ts';
import { restoreUndelivered } from '../../apps/worker/src/background/reconcile/restore-deliveries.ts';
import { restorePending } from '../../apps/worker/src/background/reconcile/restore-jobs.ts';
import { settleDue } from '../../apps/worker/src/background/retention/due.ts';
import { eraseOldJobs } from '../../apps/worker/src/background/retention/old-jobs.ts';
import { sweepWebhooks } from '../../apps/worker/src/background/retention/old-webhooks.ts';
import { recognize } from '../../apps/worker/src/recognize/pipeline.ts';
import { finishErased } from '../../apps/worker/src/recognize/steps/announce.ts';
import { openWork } from '../../apps/worker/src/recognize/support/work.ts';
import { runDeliveries } from './deliveries.ts';
import type { ModelProcess } from './process.ts';
import { contextOf } from './process-context.ts';
import { type Operation, TENANT, type WorldState } from './world-state.ts';

/** Runs an operation in a process and records whether a client saw it succeed. */
export async function perform(state: WorldState, process: ModelProcess, operation: Operation): Promise<void> {
  const context = contextOf(state, process);
  const { ledger, jobQueue } = context;
  const { job, deliveries, stallDetector, acknowledged, violations } = state;
  const operations: Record<Operation, () => Promise<unknown>> = {
    submit: () => submit(state, process),
    work: () => work(state, process),
    deliver: () => runDeliveries(context, deliveries, process),
    due: () => due(state, process),
    sweep: async () => {
      await eraseOldJobs(context, context.stopping);
      await sweepWebhooks(context, context.stopping);
    },
    retry: () => retryJob({ ledger, jobQueue }, TENANT, job),
    cancel: () => cancelJob(cancelParts(context), TENANT, job),
    erase: () => eraseJob(context, TENANT, job, 'request'),
    reconcile: async () => {
      await restorePending(context, createSubmissionSweep(context, stallDetector));
      await restoreUndelivered(context);
    },
  };
  try {
    await operations[operation]();
    acknowledged.push(operation);
  } catch (error) {
    // A refusal is a valid response. No history explains a defect, and any other error is a bug of the model.
    if (!('code' in (error as object))) throw error;
    if ((error as CardsealError).disposition === 'defect')
      violations.push(`${operation}: ${(error as CardsealError).code}`);
  }
}

async function submit(state: WorldState, process: ModelProcess): Promise<void> {
  const { image, job, settings } = state;
  const context = contextOf(state, process);
  const options = { detect_risk: true, detect_quality: true, detect_photo: false, detect_card: false, fit: true };
  const terms = { options, reference: 'r', metadata: {}, priority: 'interactive', keep_images: false } as const;
  const caller = { tenant: TENANT, apiKeyId: 'k', scopes: SCOPES };
  const submission = {
    pictures: { front: image },
    terms: {
      ...terms,
      expires_in: settings.expiresInS ?? null,
      retain_for: settings.retainForS ?? null,
      endpoint_ids: null,
    },
  };
  const { replayed } = await storeJob(context, caller, job, submission, { own: false });
  if (!replayed)
    await context.jobQueue.addCards([
      { tenant: TENANT, job, generation: 1, priority: 'interactive', pictures: ['front'] },
    ]);
}

async function work(state: WorldState, process: ModelProcess): Promise<void> {
  const { queue } = state;
  const context = contextOf(state, process);
  for (const [id, card] of [...queue]) {
    const data = { ...card, tenant: TENANT, attempts: [] };
    try {
      const opened = await openWork(context, data, new AbortController().signal, card.pictures);
      if (opened) await recognize(context, opened, { last: true, undecryptable: 0, spare: 0 });
      else await finishErased(context, data);
    } catch (error) {
      if (!(error instanceof CardsealError) || error.code !== 'job_erased') throw error;
      await finishErased(context, data);
    }
    await process.step(async () => queue.delete(id));
  }
}

async function due(state: WorldState, process: ModelProcess): Promise<void> {
  const { clock } = state;
  const context = contextOf(state, process);
  for await (const { key, ...ref } of context.ledger.jobs.schedule.until(clock.now())) {
    await settleDue(context, ref);
    await context.ledger.jobs.schedule.settle(key);
  }
}
