export { type Backoff, backoffMs, ledgerBackoff, overloadBackoff, recognizeBackoff } from './backoff.ts';
