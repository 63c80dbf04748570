export { createCounter } from './counter.ts';
export { type Admission, createLimits, type LimitedKey, type Limits } from './limits.ts';
