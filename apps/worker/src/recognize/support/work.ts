/** One generation of one job in progress: the request, what the ledger already has, and the attempts. */
import type { AttemptRecord, JobId, JobRequest, Outcome, Side } from '@cardseal/core/job';
import type { EndpointRecord, KeptNames, SealedJob, Versioned } from '@cardseal/core/ledger';
import type { WorkerContext } from '../../context.ts';
import type { JobLock } from '../guards/job-lock.ts';

export interface Work {
  tenant: string;
  job: JobId;
  generation: number;
  request: JobRequest;
  /** Its writes do not check for an erasure: the code that ends a run does, see `announce` and `recognize`. */
  sealed: SealedJob;
  inventory: KeptNames;
  /** When the ledger was read. */
  lookedAtMs: number;
  /** Aborts when the lock is lost or the worker's grace period is over. */
  signal: AbortSignal;
  /** Absent when a job is ended without a call. */
  lock: JobLock | null;
  attempts: AttemptRecord[];
  /** What this run wrote itself, and need not read back. */
  written: { replies: Map<Side, Buffer>; outcome: Omit<Outcome, 'nonce'> | null };
  /** The subscribed endpoints, as read at the moment of the outcome. */
  listeners: Promise<Versioned<EndpointRecord>[]> | null;
}

export type WorkOrder = Pick<Work, 'tenant' | 'job' | 'generation' | 'attempts'> & Partial<Pick<Work, 'lock'>>;

/**
 * null when there is nothing to process: erased, or never committed.
 * @param ahead sides whose images are read together with the rest.
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
