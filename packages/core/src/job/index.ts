export { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
export { createdAtMs, fromInverted, inverted, isJobId, type JobId, newId, newJobId } from './ids.ts';
export { type JobRequest, jobOptionsSchema, type ObjectSource, SIDES, type Side } from './request.ts';
export {
  isFinished,
  JOB_STATES,
  type JobState,
  type OutcomeState,
  TRANSITIONS,
  type WaitingFor,
} from './states.ts';
export type { AttemptRecord, DeliveryView, Failure, JobView, Outcome, SideState } from './view.ts';
