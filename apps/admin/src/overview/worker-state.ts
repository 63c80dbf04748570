/**
 * Whether workers run, start, or are missing. Used by the overview. "none" is the worst trouble an operator can read
 * there, so it is said only when workers had the time to report: right after a start none has.
 */
export type WorkerState = 'running' | 'starting' | 'none';

/** A worker reports every 2 s and counts for 15 s after a report (`core/queue/worker-board.ts`). */
export const REPORT_WITHIN_MS = 15_000;

export interface WorkerFacts {
  /** Workers with a recent report. */
  alive: number;
  /** Workers that have begun to start and have not reported yet. */
  starting: number;
  /** How long this process has been connected to Redis: reports of the time before may be lost or too old. */
  connectedForMs: number;
}

export function workerState({ alive, starting, connectedForMs }: WorkerFacts): WorkerState {
  if (alive > 0) return 'running';
  return starting > 0 || connectedForMs < REPORT_WITHIN_MS ? 'starting' : 'none';
}
