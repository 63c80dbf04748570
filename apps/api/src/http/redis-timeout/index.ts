export { createTimeoutBreaker, LATE, type TimeoutBreaker } from './timeout-breaker.ts';
