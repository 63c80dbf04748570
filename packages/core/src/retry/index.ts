export { type Backoff, backoffMs, overloadBackoff, recognizeBackoff } from './backoff.ts';
