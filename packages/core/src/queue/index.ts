export { createJobChanges, type JobChange, type JobChanges } from './changes.ts';
export { type ConnectionRole, connectRedis } from './connection.ts';
export { type CrashCounts, createCrashCounts } from './crash-counts.ts';
export { giveUp, handBack, leaveToOthers, postpone, spendAttempt } from './dispositions.ts';
export {
  createEndpointLimits,
  type EndpointLimitState,
  type EndpointLimits,
  type LimitedEndpoint,
  type Promotion,
  type ReleaseInput,
} from './endpoint-limit.ts';
export { type EndpointOutcome, LEASE_MS, longestWaitMs } from './endpoint-limit-rules.ts';
export {
  type Flow,
  type JobClass,
  jobsBefore,
  jobsInFlight,
  type QueueSnapshot,
  type Standing,
  startAtMs,
} from './fairness/index.ts';
export { createFinishedEvents, type FinishedEvents } from './finished.ts';
export {
  type Card,
  createJobQueue,
  type JobQueue,
  type LiveHint,
  openQueues,
  type Queues,
} from './job-queue.ts';
export {
  type DeliverJob,
  deliverJobId,
  epochKey,
  QUEUES,
  RECOVER,
  type RecognizeJob,
  recognizeJobId,
  type SpentAttempt,
} from './names.ts';
export { redisResponds, resolvedWithin } from './ping.ts';
export { promoteDeliveries } from './promote.ts';
export { addRecovery, requeue } from './requeue.ts';
export { createWeights, MAX_WEIGHT, MIN_WEIGHT } from './weights.ts';
export { createWorkerBoard, type Pool, type PoolEntry, type WorkerBoard } from './worker-board.ts';
