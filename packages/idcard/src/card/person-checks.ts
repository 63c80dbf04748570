/** Checks of what the front says about its holder, apart from the number. */
import type { Check, CheckCode } from './checks.ts';
import { isKnownEthnicGroup } from './ethnicity.ts';
import { hasNameShape } from './name-shape.ts';
import type { SideReading } from './reading.ts';

function warnUnless(code: CheckCode, good: boolean): Check {
  return { code, outcome: good ? 'pass' : 'warn', side: 'front' };
}

/**
 * The checks for which the front has the text. An unusual text is a warning only, because real cards are unusual too.
 */
export function checkPerson(front: SideReading): Check[] {
  const { ethnicity, name } = front.card;
  const checks: Check[] = [];
  if (ethnicity !== undefined) checks.push(warnUnless('ethnicity_known', isKnownEthnicGroup(ethnicity)));
  if (name !== undefined) checks.push(warnUnless('name_shape', hasNameShape(name)));
  return checks;
}
