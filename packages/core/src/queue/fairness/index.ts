export { type Flow, jobsBefore, jobsInFlight, type Standing, startAtMs } from './estimate.ts';
export { createFairShares, type FairShares, type QueueSnapshot } from './fair-shares.ts';
export { classOf, type JobClass } from './shares.ts';
