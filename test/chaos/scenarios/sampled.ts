/** Which strikes every run of the tests deals: one of each kind of harm. The long run deals all the others. */
import { STRIKE_NAMES, type StrikeName } from '../injections.ts';

export const SAMPLED: readonly StrikeName[] = [
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

export const OTHERS: readonly StrikeName[] = STRIKE_NAMES.filter((name) => !SAMPLED.includes(name));
