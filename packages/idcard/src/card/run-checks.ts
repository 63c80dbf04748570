/** Runs every check on the readings of one job. Pure: the day and the thresholds are arguments. */
import { CHECK_CODES, type Check } from './checks.ts';
import { checkPicture } from './image-checks.ts';
import { mergeSides, readingOf } from './merge.ts';
import { checkNumber } from './number-checks.ts';
import { checkPerson } from './person-checks.ts';
import type { SideReading } from './reading.ts';
import { checkUnderstood } from './understood-checks.ts';
import { checkValidity } from './validity-checks.ts';
import type { QualityThresholds } from './verdict-policy.ts';

export interface CheckContext {
  /** ISO date in Asia/Shanghai, as `dateInShanghai` gives it. */
  today: string;
  thresholds: QualityThresholds;
}

/** The checks that have data, in the order of `CHECK_CODES`, the front before the back. */
export function runChecks(readings: readonly SideReading[], { today, thresholds }: CheckContext): Check[] {
  const front = readingOf(readings, 'front');
  const checks = [
    ...readings.flatMap((reading) => checkPicture(reading, thresholds)),
    ...checkUnderstood(readings),
    ...(front ? [...checkNumber(front, today), ...checkPerson(front)] : []),
    ...checkValidity(mergeSides(readings).card, today),
  ];
  const place = (check: Check) => CHECK_CODES.indexOf(check.code) * 2 + (check.side === 'back' ? 1 : 0);
  return checks.toSorted((a, b) => place(a) - place(b));
}
