/** The closed set of states of a job, and the words that say why one waits. */

export const JOB_STATES = ['queued', 'recognizing', 'succeeded', 'failed', 'cancelled', 'expired', 'erased'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** States that a generation ends in. */
const OUTCOME_STATES = ['succeeded', 'failed', 'cancelled', 'expired'] as const;
export type OutcomeState = (typeof OUTCOME_STATES)[number];

export type WaitingFor = 'worker' | 'quota' | 'retry' | 'provider';

export function isFinished(state: JobState): boolean {
  return state !== 'queued' && state !== 'recognizing';
}

/**
 * Every change of state that there is; docs/use/api.md draws them. The end of a generation is one conditional write, so
 * that what ended stays as it ended until a retry opens the next generation, and what is erased stays erased.
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
