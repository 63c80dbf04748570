export { idempotencyKeyOf } from './key.ts';
export { createIdempotencyGuard, earlierIntent, idForMaking, noteIntent } from './middleware.ts';
