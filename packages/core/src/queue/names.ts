/** Names of queues, jobs and channels, each from one function. A queue job holds ids and codes, nothing else. */
import type { AttemptRecord, JobId, Side, WaitingFor } from '../job/index.ts';
import type { DeliveryRef } from '../ledger/index.ts';

export const QUEUES = { recognize: 'recognize', deliver: 'deliver' } as const;

/** One generation of one card. */
export interface RecognizeJob {
  tenant: string;
  job: JobId;
  generation: number;
  /** Attempts so far; frozen into the outcome at the end, lost with Redis before it. */
  attempts: AttemptRecord[];
  waitingFor: WaitingFor | null;
  /** Whose pictures lie in the ledger, as far as whoever queued it knew: they can be read with the first look. */
  pictures: Side[];
  /** Redis had forgotten it: another worker may have had it in its hands. */
  restored?: boolean;
  /** How many runs in a row found the ledger away. */
  ledgerAway?: number;
  /** Attempts that provider troubles took. If their run became an outage, the job gets them back. */
  spent?: SpentAttempt[];
  /** How many runs followed the last attempt, because troubles of the provider had not yet closed every gate. */
  spared?: number;
  /** How many runs ended with a response that could not be opened, since the job last got attempts back. */
  undecryptable?: number;
  /** How many attempts the job got back. */
  givenBack?: number;
}

export interface SpentAttempt {
  credential: string;
  /** Names a run of troubles, see `Verdict` of pacing. */
  run: number;
}

/** One generation's event to one endpoint. */
export interface DeliverJob extends DeliveryRef {
  /** Not its first try: it must not take the slots that first tries have of their own. */
  late?: boolean;
  /** Its announcement was repeated. The delivery may have been sent before, so the worker reads its record first. */
  repeated?: boolean;
  /** How many runs in a row a fault on our side stopped. */
  faults?: number;
}

/** The name of the jobs in the deliver queue that walk a recovery; their data is a RecoveryRef. */
export const RECOVER = 'recover';

export function recognizeJobId(job: JobId, generation: number): string {
  return `${job}-${generation}`;
}

export function deliverJobId(ref: Pick<DeliveryRef, 'job' | 'generation' | 'endpoint'>): string {
  return `${ref.job}-${ref.generation}-${ref.endpoint}`;
}

/** Published when a generation ends; the message is the job id. */
export function finishedChannel(prefix: string): string {
  return `${prefix}:finished`;
}

/** Published when a job at work changes its state; see changes.ts for the message. */
export function changedChannel(prefix: string): string {
  return `${prefix}:changed`;
}

/** Holds the mark by which a Redis is known; gone when Redis was emptied. */
export function epochKey(prefix: string): string {
  return `${prefix}:epoch`;
}

/** Where the shares of tenants are kept; beside it, one key per class. */
export function sharesKey(prefix: string): string {
  return `${prefix}:shares`;
}
