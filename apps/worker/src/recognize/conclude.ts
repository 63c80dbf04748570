/** conclude: one conditional write decides the generation, and freezes the event that will tell of it. */
import { buildResult, DEFAULT_POLICY, dateInShanghai, type Result } from '@cardseal/core/card';
import type { Failure, JobView, OutcomeState, Side } from '@cardseal/core/job';
import { HOUSE } from '@cardseal/core/ledger';
import { eventIdFor } from '@cardseal/core/webhook';
import type { WorkerContext } from '../context.ts';
import { failureOf } from './failure.ts';
import { type Readings, readCheckpoints } from './readings.ts';
import type { Work } from './work.ts';

export interface Ending {
  /** Of a side without an answer: why it stays without one. */
  failure?: Failure;
  state?: 'expired' | 'cancelled';
}

/** Returns the state that stands, which is another's when another worker decided first. */
export async function conclude(context: WorkerContext, work: Work, ending: Ending = {}): Promise<OutcomeState> {
  const { clock, log } = context;
  const found = await readCheckpoints(work);
  const refusal = found.refused[0];
  const failure = ending.failure ?? (refusal && failureOf(refusal.code, refusal.side, false));
  const state: OutcomeState = ending.state ?? (failure ? 'failed' : 'succeeded');
  const atMs = clock.now();
  const result = found.readings.length > 0 ? await resultOf(context, work, found) : undefined;
  const view = viewOf(work, { state, atMs, found, failure, result });
  if (state === 'succeeded') await saveCrops(work, found);
  const decided = await work.sealed.decide({
    v: 1,
    generation: work.generation,
    state,
    code: failure?.code ?? '-',
    atMs,
    eventId: eventIdFor({ tenant: work.tenant, subject: work.job, generation: work.generation, type: `job.${state}` }),
    ...eventBodies(context, view, state),
  });
  if (!decided) return (await work.sealed.outcome(work.generation))!.state;
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

async function resultOf({ clock, ledger }: WorkerContext, work: Work, found: Readings): Promise<Result> {
  const tenant = await ledger.tenants.get(HOUSE, work.tenant);
  const policy = tenant?.value.policy ?? DEFAULT_POLICY;
  return buildResult(found.readings, { today: dateInShanghai(clock.now()), policy, adjusted: found.adjusted });
}

function viewOf(
  work: Work,
  outcome: {
    state: OutcomeState;
    atMs: number;
    found: Readings;
    failure: Failure | undefined;
    result: Result | undefined;
  },
): JobView {
  const { request } = work;
  const recognized = new Set(outcome.found.readings.map(({ declaredSide }) => declaredSide));
  const sideView = (side: Side) => [side, { state: recognized.has(side) ? 'recognized' : 'failed' }] as const;
  return {
    id: work.job,
    generation: work.generation,
    state: outcome.state,
    waiting_for: null,
    estimated_start_at: null,
    reference: request.reference,
    metadata: request.metadata,
    created_at: new Date(request.createdAtMs).toISOString(),
    finished_at: new Date(outcome.atMs).toISOString(),
    sides: Object.fromEntries(request.sides.map(sideView)),
    attempts: work.attempts,
    ...(outcome.result ? { result: outcome.result } : {}),
    ...(outcome.failure ? { failure: outcome.failure } : {}),
  };
}

function eventBodies(
  { config }: WorkerContext,
  view: JobView,
  state: OutcomeState,
): { full: string; reference: string } {
  const type = `job.${state}`;
  const timestamp = view.finished_at;
  const { id, generation, reference, created_at, finished_at } = view;
  const href = `${config.PUBLIC_URL ?? ''}/v1/jobs/${id}`;
  const short = { id, generation, state, reference, created_at, finished_at, href };
  return {
    full: JSON.stringify({ type, timestamp, data: view }),
    reference: JSON.stringify({ type, timestamp, data: short }),
  };
}

async function saveCrops(work: Work, { readings }: Readings): Promise<void> {
  for (const { declaredSide, portrait, crop } of readings) {
    if (portrait) await work.sealed.putCrop(declaredSide, 'portrait', portrait.bytes);
    if (crop) await work.sealed.putCrop(declaredSide, 'card', crop.bytes);
  }
}
