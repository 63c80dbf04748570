/** One generation of one card at work: what was asked, what the ledger already has, what was tried. */
import type { AttemptRecord, JobId, JobRequest, Outcome, Side } from '@cardseal/core/job';
import type { EndpointRecord, KeptNames, SealedJob, Versioned } from '@cardseal/core/ledger';
import type { WorkerContext } from '../../context.ts';
import type { JobLock } from '../guards/job-lock.ts';

export interface Work {
  tenant: string;
  job: JobId;
  generation: number;
  request: JobRequest;
  /** Its writes look for no erasure: who ends a run does, see `announce` and `recognize`. */
  sealed: SealedJob;
  inventory: KeptNames;
  /** When the ledger was looked at. */
  lookedAtMs: number;
  /** Aborts when the lock is lost or the worker's grace has run out. */
  signal: AbortSignal;
  /** None for who ends a card without calling anybody. */
  lock: JobLock | null;
  attempts: AttemptRecord[];
  /** What this run wrote itself, and need not read back. */
  written: { replies: Map<Side, Buffer>; outcome: Omit<Outcome, 'nonce'> | null };
  /** Who listens, as it was asked for in the moment of the outcome. */
  listeners: Promise<Versioned<EndpointRecord>[]> | null;
}

export type WorkOrder = Pick<Work, 'tenant' | 'job' | 'generation' | 'attempts'> & Partial<Pick<Work, 'lock'>>;

/**
 * null when there is nothing to work on: erased, or never committed.
 * @param ahead sides whose pictures are read together with the rest.
 */
export async function openWork(
  { ledger, clock }: WorkerContext,
  { tenant, job, generation, attempts, lock = null }: WorkOrder,
  signal: AbortSignal,
  ahead: readonly Side[] = [],
): Promise<Work | null> {
  const lookedAtMs = clock.now();
  const opened = await ledger.jobs.openForWork(tenant, job, ahead);
  if (!opened) return null;
  return {
    tenant,
    job,
    generation,
    ...opened,
    lookedAtMs,
    signal,
    lock,
    attempts: [...attempts],
    written: { replies: new Map(), outcome: null },
    listeners: null,
  };
}

/** Sides whose reply is not in the ledger yet. */
export function openSides({ request, inventory }: Work): Side[] {
  return request.sides.filter((side) => !inventory.replies.includes(side));
}
