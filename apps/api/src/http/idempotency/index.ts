export { idempotencyKeyOf } from './key.ts';
export { createIdempotencyGuard, earlierIntent, type IdempotencyGuard, idForMaking, noteIntent } from './middleware.ts';
