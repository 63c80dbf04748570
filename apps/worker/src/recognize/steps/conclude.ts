/** conclude: one conditional write decides the generation and freezes the event that announces it. */

import type { Failure, OutcomeState } from '@cardseal/core/job';
import { freezeOutcome } from '@cardseal/core/use-cases';
import { buildResult, DEFAULT_POLICY, dateInShanghai, type Result } from '@cardseal/idcard/card';
import type { WorkerContext } from '../../context.ts';
import { failureOf } from '../support/failure.ts';
import { type Readings, readCheckpoints } from '../support/readings.ts';
import type { Work } from '../support/work.ts';

export interface Ending {
  /** For a side without a reply: the reason. */
  failure?: Failure;
  state?: 'expired' | 'cancelled';
}

/** Returns the stored state, which is another worker's when that one decided first. */
export async function conclude(context: WorkerContext, work: Work, ending: Ending = {}): Promise<OutcomeState> {
  const { clock, log, endpoints } = context;
  const found = await readCheckpoints(context, work);
  const refusal = found.refused[0];
  const failure = ending.failure ?? (refusal && failureOf(refusal.code, refusal.side, false));
  const state: OutcomeState = ending.state ?? (failure ? 'failed' : 'succeeded');
  const atMs = clock.now();
  const result = found.readings.length > 0 ? await resultOf(context, work, found) : undefined;
  if (state === 'succeeded') await saveCrops(work, found);
  const outcome = freezeOutcome({
    request: work.request,
    generation: work.generation,
    state,
    atMs,
    attempts: work.attempts,
    recognized: found.readings.map(({ declaredSide }) => declaredSide),
    result,
    failure,
    publicUrl: context.config.PUBLIC_URL ?? '',
  });
  // Read together with the write that decides and not before: an endpoint that existed by then gets the event.
  work.listeners = endpoints.list(work.tenant);
  work.listeners.catch(() => {});
  const decided = await work.sealed.decide(outcome);
  if (!decided) return (await work.sealed.outcome(work.generation))!.state;
  work.written.outcome = outcome;
  context.metrics.count('cardseal_outcomes_total', { state });
  log.info('job.concluded', {
    tenant: work.tenant,
    job_id: work.job,
    generation: work.generation,
    state,
    ...(failure ? { code: failure.code } : {}),
    duration_ms: atMs - work.request.createdAtMs,
  });
  return state;
}

async function resultOf({ clock, tenants }: WorkerContext, work: Work, found: Readings): Promise<Result> {
  const policy = (await tenants.get(work.tenant)).policy ?? DEFAULT_POLICY;
  return buildResult(found.readings, { today: dateInShanghai(clock.now()), policy, adjusted: found.adjusted });
}

async function saveCrops(work: Work, { readings }: Readings): Promise<void> {
  for (const { declaredSide, portrait, crop } of readings) {
    if (portrait?.bytes) await work.sealed.putCrop(declaredSide, 'portrait', portrait.bytes);
    if (crop?.bytes) await work.sealed.putCrop(declaredSide, 'card', crop.bytes);
  }
}
