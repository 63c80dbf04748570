/**
 * Decides whether workers run, start or are missing, for the overview. `none` raises an alarm, so it needs proof: right
 * after a start no worker has had time to report.
 */
export type WorkerState = 'running' | 'starting' | 'none';

/** A worker reports every 2 s and counts for 15 s after a report (`core/queue/worker-board.ts`). */
export const REPORT_WITHIN_MS = 15_000;

export interface WorkerFacts {
  /** Workers with a recent report. */
  alive: number;
  /** Workers that are starting and have not reported yet. */
  starting: number;
  /** How long this process has been connected to Redis. Earlier reports may be lost or too old. */
  connectedForMs: number;
}

export function workerState({ alive, starting, connectedForMs }: WorkerFacts): WorkerState {
  if (alive > 0) return 'running';
  return starting > 0 || connectedForMs < REPORT_WITHIN_MS ? 'starting' : 'none';
}
