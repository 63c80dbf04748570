/** Names of queues, jobs and channels, each from one function. A queued job contains ids and codes only. */
import type { AttemptRecord, JobId, Side, WaitingFor } from '../job/index.ts';
import type { DeliveryRef } from '../ledger/index.ts';

export const QUEUES = { recognize: 'recognize', deliver: 'deliver' } as const;

/** One generation of one job. */
export interface RecognizeJob {
  tenant: string;
  job: JobId;
  generation: number;
  /** Attempts so far. They are frozen into the outcome at the end; a loss of Redis before that loses them. */
  attempts: AttemptRecord[];
  waitingFor: WaitingFor | null;
  /** Sides whose images are in the ledger, as far as the process that queued the job knew: they are read ahead. */
  pictures: Side[];
  /** Redis had lost the job: another worker may have been processing it. */
  restored?: boolean;
  /** The number of consecutive runs in which the ledger was away. */
  ledgerAway?: number;
  /** Attempts that problems of the provider spent. If their run becomes an outage, the job gets them back. */
  spent?: SpentAttempt[];
  /** The number of runs after the last attempt, while problems of the provider had not closed every gate yet. */
  spared?: number;
  /** The number of runs that ended with an undecryptable response, since the job last got attempts back. */
  undecryptable?: number;
  /** The number of attempts that the job got back. */
  givenBack?: number;
}

export interface SpentAttempt {
  credential: string;
  /** Names a run of provider problems, see `Verdict` of the pacer. */
  run: number;
}

/** One generation's event for one endpoint. */
export interface DeliverJob extends DeliveryRef {
  /** Not its first attempt: it must not take the slots that are reserved for first attempts. */
  late?: boolean;
  /** Its announcement was repeated. The delivery may have been sent before, so the worker reads its record first. */
  repeated?: boolean;
  /** The number of consecutive runs that a fault on Cardseal's side stopped. */
  faults?: number;
}

/** The name of jobs in the deliver queue that carry out a recovery; their data is a RecoveryRef. */
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

/** Published when an active job changes its state; see changes.ts for the message. */
export function changedChannel(prefix: string): string {
  return `${prefix}:changed`;
}

/** Contains the id of this Redis instance; missing after Redis was emptied. */
export function epochKey(prefix: string): string {
  return `${prefix}:epoch`;
}

/** The key of the tenants' shares; one more key per class is stored next to it. */
export function sharesKey(prefix: string): string {
  return `${prefix}:shares`;
}
