export { createCounter } from './counter.ts';
export { type Admission, createLimits, type LimitedKey, type Limits, type LimitView } from './limits.ts';
export { createTenantLimits } from './tenant-limits.ts';
