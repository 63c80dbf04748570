export { createCounter } from './counter.ts';
export { createLimits, type LimitedKey, type Limits, type LimitView } from './limits.ts';
export { createTenantLimits } from './tenant-limits.ts';
