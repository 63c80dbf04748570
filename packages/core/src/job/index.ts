export { type Checkpoint, type CheckpointHeader, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
export { createdAtMs, fromInverted, inverted, isJobId, type JobId, newId, newJobId } from './ids.ts';
export { type JobOptions, type JobRequest, jobOptionsSchema, type ObjectSource, SIDES, type Side } from './request.ts';
export {
  isFinished,
  JOB_STATES,
  type JobState,
  OUTCOME_STATES,
  type OutcomeState,
  TRANSITIONS,
  type WaitingFor,
} from './states.ts';
export type { AttemptRecord, DeliveryView, Failure, JobView, Outcome, SideState } from './view.ts';
