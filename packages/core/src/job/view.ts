/**
 * The job as the API shows it. The view is frozen inside the outcome and is also the data of the `full` webhook: the
 * delivered bytes and the bytes read later are the same.
 */
import type { Result } from '@cardseal/idcard/card';
import type { JobId } from './ids.ts';
import type { Side } from './request.ts';
import type { JobState, OutcomeState, WaitingFor } from './states.ts';

export interface AttemptRecord {
  side: Side;
  /** ISO 8601 time at which the call was sent. */
  at: string;
  /** `accepted`, or the class of the error. */
  class: string;
  code: string | null;
  latency_ms: number | null;
  billed: 'yes' | 'no' | 'unknown';
}

export interface Failure {
  code: string;
  message: string;
  side: Side | null;
  retryable: boolean;
}

export interface DeliveryView {
  id: string;
  endpoint_id: string;
  state: 'undelivered' | 'delivered' | 'exhausted' | 'parked';
  tries: number;
  last_status: number | null;
  next_try_at: string | null;
}

export type SideState = 'queued' | 'recognized' | 'failed';

export interface JobView {
  id: JobId;
  generation: number;
  state: JobState;
  waiting_for: WaitingFor | null;
  estimated_start_at: string | null;
  reference: string | null;
  metadata: Record<string, string>;
  created_at: string;
  finished_at: string | null;
  sides: Partial<Record<Side, { state: SideState }>>;
  attempts: AttemptRecord[];
  result?: Result;
  failure?: Failure;
  deliveries?: DeliveryView[];
}

/** Sealed as `outcome.{n}`: one conditional write decides the generation and freezes its event. */
export interface Outcome {
  v: 1;
  nonce: string;
  generation: number;
  state: OutcomeState;
  /** `-` unless the job failed. */
  code: string;
  atMs: number;
  eventId: string;
  /** The exact bytes of the `full` event; its `data` is the {@link JobView}. */
  full: string;
  /** The exact bytes of the `reference` event. */
  reference: string;
  /** Copied from the request, for the deliveries. */
  trace?: string;
}
