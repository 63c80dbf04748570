export { announceNotice, canHearAbout, type NoticeInput } from './announce-notice.ts';
export { createJobChanges, type JobChange, type JobChanges } from './changes.ts';
export { type ConnectionRole, connectRedis } from './connection.ts';
export { createTrials, type Trials } from './crash-counts.ts';
export { giveUp, handBack, leaveToOthers, postpone, spendAttempt } from './dispositions.ts';
export {
  type AcquireInput,
  type Admission,
  createLanes,
  type Lane,
  type LaneState,
  type Lanes,
  type ReleaseInput,
  type Wake,
} from './endpoint-limit.ts';
export { type LaneOutcome, LEASE_MS, longestWaitMs } from './endpoint-limit-rules.ts';
export {
  type CardClass,
  cardsBefore,
  cardsInHand,
  createFairShares,
  type FairShares,
  type Flow,
  type QueueLook,
  type Standing,
  startAtMs,
} from './fairness/index.ts';
export { createFinishedEvents, type FinishedEvents } from './finished.ts';
export {
  type Card,
  type Conveyor,
  type ConveyorOptions,
  createConveyor,
  type LiveHint,
  openQueues,
  type Queues,
} from './job-queue.ts';
export {
  type DeliverJob,
  deliverJobId,
  epochKey,
  finishedChannel,
  QUEUES,
  RECOVER,
  type RecognizeJob,
  recognizeJobId,
  type SpentAttempt,
} from './names.ts';
export { answeredWithin, redisAnswers } from './ping.ts';
export { wakeDeliveries } from './promote.ts';
export { addRecovery, countOutcomes, enableEndpoint, type RecoveryParts, startRecovery } from './recover.ts';
export { redeliver, requeue } from './redeliver.ts';
export { reopen } from './reopen.ts';
export { untriedOf } from './unattempted.ts';
export { createWeights, MAX_WEIGHT, MIN_WEIGHT } from './weights.ts';
export { createWorkerBoard, type Pool, type PoolEntry, type WorkerBoard } from './worker-board.ts';
