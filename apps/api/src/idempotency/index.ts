export { createIdempotencyGuard, earlierIntent, type IdempotencyGuard, idForMaking, noteIntent } from './guard.ts';
export { idempotencyKeyOf } from './key.ts';
