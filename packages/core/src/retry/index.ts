export { type Backoff, backoffMs, recognizeBackoff } from './backoff.ts';
