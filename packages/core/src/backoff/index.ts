export {
  type Backoff,
  backoffMs,
  faultBackoff,
  ledgerBackoff,
  overloadBackoff,
  recognizeBackoff,
  removalBackoff,
  undecryptableBackoff,
} from './backoff.ts';
