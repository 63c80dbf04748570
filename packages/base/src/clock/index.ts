export { type Clock, ManualClock, systemClock } from './clock.ts';
export { createQuorumClock, type TimeSource } from './quorum-clock.ts';
export { createStallDetector, type StallDetector } from './stall-detector.ts';
export { redisTime } from './time-sources.ts';
