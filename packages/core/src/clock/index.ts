export { type AgreedClock, type AgreedClockSettings, createAgreedClock, type TimeWitness } from './agreed-clock.ts';
export { type Clock, ManualClock, systemClock } from './clock.ts';
export { createStandstill, type Standstill } from './standstill.ts';
export { redisTime, type TimedRedis } from './witnesses.ts';
