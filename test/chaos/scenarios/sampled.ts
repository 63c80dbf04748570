/** Lists the injections of every test run: one of each kind of fault. The long suite runs all others. */
import { INJECTION_NAMES, type InjectionName } from '../injections.ts';

export const SAMPLED: readonly InjectionName[] = [
  'redis killed',
  'redis emptied',
  'redis out of memory',
  'store killed',
  'store answers lost',
  'store cuts and corrupts',
  'upstream fails',
  'upstream hangs',
  'token expires everywhere',
];

export const OTHERS: readonly InjectionName[] = INJECTION_NAMES.filter((name) => !SAMPLED.includes(name));
