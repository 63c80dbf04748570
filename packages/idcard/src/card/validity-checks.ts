/** Checks of the dates on the back, alone and against the holder's birth date on the front. */
import type { Check, CheckCode } from './checks.ts';
import type { CardFields } from './fields.ts';
import { parseIdNumber } from './id-number.ts';
import { hasLawfulLength } from './validity.ts';

function onBack(code: CheckCode, good: boolean, otherwise: 'warn' | 'fail'): Check {
  return { code, outcome: good ? 'pass' : otherwise, side: 'back' };
}

/** The checks for which the merged card has the dates. `today` is ISO, in Asia/Shanghai. */
export function checkValidity(card: Partial<CardFields>, today: string): Check[] {
  const { valid_from: from, birth_date: birthDate } = card;
  const until = card.valid_long_term ? 'long' : card.valid_until;
  const checks: Check[] = [];
  if (from !== undefined) checks.push(onBack('validity_started', from <= today, 'fail'));
  if (until !== undefined) checks.push(onBack('validity_not_expired', until === 'long' || until >= today, 'fail'));
  if (from !== undefined && until !== undefined) {
    const residencePermit = parseIdNumber(card.id_number ?? '')?.residencePermit === true;
    const holder = { residencePermit, ...(birthDate === undefined ? {} : { birthDate }) };
    checks.push(onBack('validity_length', hasLawfulLength({ from, until }, holder), 'warn'));
  }
  if (from !== undefined && birthDate !== undefined) {
    checks.push({ code: 'sides_consistent', outcome: from >= birthDate ? 'pass' : 'fail' });
  }
  return checks;
}
