/** Checks of what the front says about its holder beside the number. */
import type { Check, CheckCode } from './checks.ts';
import { isKnownEthnicGroup } from './ethnicity.ts';
import { hasNameShape } from './name-shape.ts';
import type { SideReading } from './reading.ts';

function warnUnless(code: CheckCode, good: boolean): Check {
  return { code, outcome: good ? 'pass' : 'warn', side: 'front' };
}

/** The checks for which the front has the text; a text that looks strange warns, since cards are stranger. */
export function checkPerson(front: SideReading): Check[] {
  const { ethnicity, name } = front.card;
  const checks: Check[] = [];
  if (ethnicity !== undefined) checks.push(warnUnless('ethnicity_known', isKnownEthnicGroup(ethnicity)));
  if (name !== undefined) checks.push(warnUnless('name_shape', hasNameShape(name)));
  return checks;
}
