export { type Clock, ManualClock, systemClock } from './clock.ts';
export { createQuorumClock, type QuorumClock, type QuorumClockSettings, type TimeSource } from './quorum-clock.ts';
export { createStallDetector, type StallDetector } from './stall-detector.ts';
export { redisTime, type TimedRedis } from './time-sources.ts';
