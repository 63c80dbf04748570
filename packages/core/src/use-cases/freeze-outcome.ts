/**
 * Builds the outcome of a generation with the exact bytes of its events. A worker that concludes a job and the API
 * that cancels one use it. An outcome never changes afterwards.
 */
import type { Result } from '@cardseal/idcard/card';
import { eventIdFor } from '@cardseal/webhook';
import type { AttemptRecord, Failure, JobRequest, JobView, Outcome, OutcomeState, Side } from '../job/index.ts';

export interface Ending {
  request: JobRequest;
  generation: number;
  state: OutcomeState;
  atMs: number;
  attempts: AttemptRecord[];
  /** Sides that have a reading. */
  recognized: readonly Side[];
  result?: Result | undefined;
  failure?: Failure | undefined;
  /** Prefix of the path in `href`; empty for a relative one. */
  publicUrl: string;
}

export function freezeOutcome(ending: Ending): Omit<Outcome, 'nonce'> {
  const { request, generation, state, atMs, failure } = ending;
  const { tenant, job } = request;
  return {
    v: 1,
    generation,
    state,
    code: failure?.code ?? '-',
    atMs,
    eventId: eventIdFor({ tenant, subject: job, generation, type: `job.${state}` }),
    ...eventBodies(viewOf(ending), ending),
    ...(request.trace === undefined ? {} : { trace: request.trace }),
  };
}

function viewOf({ request, generation, state, atMs, attempts, recognized, result, failure }: Ending): JobView {
  const sideView = (side: Side) => [side, { state: recognized.includes(side) ? 'recognized' : 'failed' }] as const;
  return {
    id: request.job,
    generation,
    state,
    waiting_for: null,
    estimated_start_at: null,
    reference: request.reference,
    metadata: request.metadata,
    created_at: new Date(request.createdAtMs).toISOString(),
    finished_at: new Date(atMs).toISOString(),
    sides: Object.fromEntries(request.sides.map(sideView)),
    attempts,
    ...(result ? { result } : {}),
    ...(failure ? { failure } : {}),
  };
}

function eventBodies(view: JobView, { state, publicUrl }: Ending): Pick<Outcome, 'full' | 'reference'> {
  const type = `job.${state}`;
  const timestamp = view.finished_at;
  const { id, generation, reference, created_at, finished_at } = view;
  const short = { id, generation, state, reference, created_at, finished_at, href: `${publicUrl}/v1/jobs/${id}` };
  return {
    full: JSON.stringify({ type, timestamp, data: view }),
    reference: JSON.stringify({ type, timestamp, data: short }),
  };
}
