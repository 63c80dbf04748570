/** One generation of one card at work: what was asked, what the ledger already has, what was tried. */
import type { AttemptRecord, JobId, JobRequest, Outcome, Side } from '@cardseal/core/job';
import type { Inventory, SealedJob } from '@cardseal/core/ledger';
import type { WorkerContext } from '../context.ts';

export interface Work {
  tenant: string;
  job: JobId;
  generation: number;
  request: JobRequest;
  sealed: SealedJob;
  inventory: Inventory;
  /** When the ledger was looked at. */
  lookedAtMs: number;
  /** Aborts when the lock is lost or the worker's grace has run out. */
  signal: AbortSignal;
  attempts: AttemptRecord[];
  /** What this run wrote itself, and need not read back. */
  written: { replies: Map<Side, Buffer>; outcome: Omit<Outcome, 'nonce'> | null };
}

/** null when there is nothing to work on: erased, or never committed. */
export async function openWork(
  { ledger, clock }: WorkerContext,
  { tenant, job, generation, attempts }: Pick<Work, 'tenant' | 'job' | 'generation' | 'attempts'>,
  signal: AbortSignal,
): Promise<Work | null> {
  const lookedAtMs = clock.now();
  const inventory = await ledger.inventory(tenant, job);
  if (!inventory.committed || inventory.erased) return null;
  const sealed = await ledger.openJob(tenant, job);
  const request = await sealed?.request();
  if (!sealed || !request) return null;
  return {
    tenant,
    job,
    generation,
    request,
    sealed,
    inventory,
    lookedAtMs,
    signal,
    attempts: [...attempts],
    written: { replies: new Map(), outcome: null },
  };
}

/** Sides whose reply is not in the ledger yet. */
export function openSides({ request, inventory }: Work): Side[] {
  return request.sides.filter((side) => !inventory.replies.includes(side));
}
