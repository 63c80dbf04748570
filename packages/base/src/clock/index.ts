export { type Clock, ManualClock, systemClock } from './clock.ts';
export { type AgreedClock, type AgreedClockSettings, createAgreedClock, type TimeWitness } from './quorum-clock.ts';
export { createStandstill, type Standstill } from './stall-detector.ts';
export { redisTime, type TimedRedis } from './time-sources.ts';
