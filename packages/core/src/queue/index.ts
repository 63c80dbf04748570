export { createJobChanges, type JobChange, type JobChanges } from './changes.ts';
export { type ConnectionRole, connectRedis } from './connection.ts';
export { type Card, type Conveyor, createConveyor, type LiveHint, openQueues, type Queues } from './conveyor.ts';
export { giveUp, handBack, isHandover, postpone, spendAttempt } from './dispositions.ts';
export { createFinishedEvents, type FinishedEvents } from './finished.ts';
export {
  type DeliverJob,
  deliverJobId,
  epochKey,
  finishedChannel,
  QUEUES,
  type RecognizeJob,
  recognizeJobId,
} from './names.ts';
export { reopen } from './reopen.ts';
