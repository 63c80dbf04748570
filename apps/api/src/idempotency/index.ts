export { createIdempotencyGuard, type IdempotencyGuard, idForMaking } from './guard.ts';
export { idempotencyKeyOf } from './key.ts';
