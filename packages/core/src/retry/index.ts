export {
  type Backoff,
  backoffMs,
  ledgerBackoff,
  overloadBackoff,
  recognizeBackoff,
  removalBackoff,
} from './backoff.ts';
