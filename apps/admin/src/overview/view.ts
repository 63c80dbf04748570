/** The numbers of the overview, for the page and for `/api/overview`. A value that could not be read is null. */
import type { CredentialSnapshot } from '@cardseal/pacer';
import type { EndpointLine, Health } from '../endpoints/read.ts';
import type { WorkerState } from './worker-state.ts';

export interface StepView {
  /** The mean of the last five whole minutes. */
  perMinute: number | null;
  waiting: number | null;
  oldestMs: number | null;
  /** The number of failures in the last ten minutes. In `delivering`, the number of endpoints that fail now. */
  failing: number | null;
}

export const STEPS = ['accepted', 'queued', 'recognising', 'outcome', 'delivering', 'delivered'] as const;
export type Step = (typeof STEPS)[number];

export interface FailureView {
  code: string;
  count: number;
  /** Failures in the last ten minutes. */
  recent: number;
  lastAtMs: number;
  /** Tenant and job of the newest failure. */
  tenant: string;
  job: string;
}

export interface Incident {
  atMs: number;
  what: string;
  href: string | null;
}

export interface CallsSample {
  atMs: number;
  /** Calls and refused calls since the previous sample. */
  calls: number;
  refused: number;
  seconds: number;
  nominalQps: number;
  currentQps: number;
  open: boolean;
}

export interface CredentialView extends CredentialSnapshot {
  /** Samples of the last hour, oldest first. */
  samples: CallsSample[];
}

export interface Overview {
  atMs: number;
  redis: 'up' | 'down';
  ledger: 'up' | 'down';
  /** Recognizing workers that reported within the last seconds. */
  workers: number | null;
  /** Workers that are starting and have not reported yet. */
  workersStarting: number | null;
  /** `none` only after workers had enough time to report. */
  workerState: WorkerState | null;
  steps: Record<Step, StepView>;
  /** Jobs that ended per minute in the last hour, oldest first. */
  ended: number[] | null;
  credentials: CredentialView[] | null;
  /**
   * `off`: disabled endpoints that their owners disabled. `unheard`: endpoints that fail or that Cardseal disabled, and
   * whose tenant has no other endpoint that receives the notice. The list holds the endpoints that are not healthy.
   */
  endpoints: {
    counts: Record<Health, number>;
    off: number;
    unheard: Record<'failing' | 'disabled', number>;
    sick: EndpointLine[];
  } | null;
  failures: FailureView[] | null;
  incidents: Incident[];
}
