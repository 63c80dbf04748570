/** What the overview knows, as numbers: the same for the page and for `/api/overview`. null is what could not be seen. */
import type { CredentialSnapshot } from '@cardseal/pacer';
import type { EndpointLine, Health } from '../endpoints/read.ts';
import type { WorkerState } from './worker-state.ts';

export interface StepView {
  /** A minute, over the last five whole ones. */
  perMinute: number | null;
  waiting: number | null;
  oldestMs: number | null;
  /** In the last ten minutes, or now where it is a state. */
  failing: number | null;
}

export const STEPS = ['accepted', 'queued', 'recognising', 'outcome', 'delivering', 'delivered'] as const;
export type Step = (typeof STEPS)[number];

export interface FailureView {
  code: string;
  count: number;
  /** Of them, in the last ten minutes. */
  recent: number;
  lastAtMs: number;
  /** The newest of them. */
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
  /** Calls and refused calls since the sample before. */
  calls: number;
  refused: number;
  seconds: number;
  nominalQps: number;
  currentQps: number;
  open: boolean;
}

export interface CredentialView extends CredentialSnapshot {
  /** Oldest first, of the last hour. */
  samples: CallsSample[];
}

export interface Overview {
  atMs: number;
  redis: 'up' | 'down';
  ledger: 'up' | 'down';
  /** Workers that recognise and have reported within the last seconds. */
  workers: number | null;
  /** Workers that have begun to start and have not reported yet. */
  workersStarting: number | null;
  /** `none` only when workers had the time to report. */
  workerState: WorkerState | null;
  steps: Record<Step, StepView>;
  /** Cards a minute that ended, oldest first, of the last hour. */
  ended: number[] | null;
  credentials: CredentialView[] | null;
  /**
   * `off`: how many of the disabled their owners disabled. `unheard`: how many fail or were given up while no other
   * endpoint of their tenant takes the notice about it.
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
