/** The closed set of job states, and the reasons why a job waits. */

export const JOB_STATES = ['queued', 'recognizing', 'succeeded', 'failed', 'cancelled', 'expired', 'erased'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** Final states of a generation. */
const OUTCOME_STATES = ['succeeded', 'failed', 'cancelled', 'expired'] as const;
export type OutcomeState = (typeof OUTCOME_STATES)[number];

export type WaitingFor = 'worker' | 'quota' | 'retry' | 'provider';

export function isFinished(state: JobState): boolean {
  return state !== 'queued' && state !== 'recognizing';
}

/**
 * Every transition between states; docs/use/api.md draws them. One conditional write ends a generation, so an ended
 * generation keeps its state until a retry opens the next one, and an erased job stays erased.
 */
export const TRANSITIONS: Readonly<Record<JobState, readonly JobState[]>> = {
  queued: ['recognizing', 'succeeded', 'failed', 'cancelled', 'expired', 'erased'],
  recognizing: ['queued', 'succeeded', 'failed', 'cancelled', 'expired', 'erased'],
  succeeded: ['erased'],
  failed: ['queued', 'erased'],
  cancelled: ['erased'],
  expired: ['queued', 'erased'],
  erased: [],
};
