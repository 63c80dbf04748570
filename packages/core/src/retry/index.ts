export {
  type Backoff,
  backoffMs,
  ledgerBackoff,
  overloadBackoff,
  recognizeBackoff,
  removalBackoff,
  undecryptableBackoff,
} from './backoff.ts';
