/** Checks of one image: whether it could be read, shows the declared side, was edited, and is sharp. */
import type { Check, CheckCode, CheckOutcome } from './checks.ts';
import { CARD_FIELDS_OF_SIDE, type CardFields, type Side } from './fields.ts';
import { parseIdNumber } from './id-number.ts';
import { type ImageStatus, QUALITY_ASPECTS, type QualityAspect, type RiskType, type SideReading } from './reading.ts';
import type { QualityThresholds } from './verdict-policy.ts';

const READABLE: readonly ImageStatus[] = ['normal', 'reversed_side'];
const UNUSABLE: readonly ImageStatus[] = ['non_idcard', 'blurred', 'other_type_card', 'over_exposure', 'over_dark'];
const FORGED: readonly RiskType[] = ['copy', 'screen', 'screenshot'];

function judge<T>(value: T, passes: readonly T[], fails: readonly T[]): CheckOutcome {
  if (passes.includes(value)) return 'pass';
  return fails.includes(value) ? 'fail' : 'warn';
}

/** `undefined` when the provider returned nothing about the aspect. */
function judgeAspect(aspect: QualityAspect | undefined, threshold: number): CheckOutcome | undefined {
  const good = aspect?.probability === undefined ? aspect?.ok : aspect.probability >= threshold;
  if (good === undefined) return undefined;
  return good ? 'pass' : 'warn';
}

function missingFields(reading: SideReading, side: Side): boolean {
  const { card } = reading;
  const residencePermit = parseIdNumber(card.id_number ?? '')?.residencePermit === true;
  const names: readonly (keyof CardFields)[] = CARD_FIELDS_OF_SIDE[side];
  return names.some((name) => {
    if (name === 'ethnicity' && residencePermit) return false;
    if (name === 'valid_long_term') return false;
    if (name === 'valid_until' && card.valid_long_term) return false;
    return card[name] === undefined;
  });
}

/**
 * An image that the provider calls good must give every field of its side: otherwise a card without a number would be
 * clear.
 */
function fieldsComplete(reading: SideReading): CheckOutcome | undefined {
  if (!READABLE.includes(reading.image_status)) return undefined;
  return missingFields(reading, reading.shownSide ?? reading.declaredSide) ? 'warn' : undefined;
}

/** All checks of one image, in no particular order; checks without data are left out. */
export function checkPicture(reading: SideReading, thresholds: QualityThresholds): Check[] {
  const { declaredSide, shownSide, risk, quality } = reading;
  const outcomes: [CheckCode, CheckOutcome | undefined][] = [
    ['image_status', judge(reading.image_status, READABLE, UNUSABLE)],
    ['side_match', shownSide ? (shownSide === declaredSide ? 'pass' : 'warn') : undefined],
    ['risk_type', risk && judge(risk.type, ['normal'], FORGED)],
    ['edit_tool', risk && (risk.edit_tool ? 'fail' : 'pass')],
    ['fields_complete', fieldsComplete(reading)],
  ];
  for (const aspect of QUALITY_ASPECTS) {
    outcomes.push([`quality_${aspect}`, judgeAspect(quality?.[aspect], thresholds[aspect])]);
  }
  return outcomes.flatMap(([code, outcome]) => (outcome ? [{ code, outcome, side: declaredSide }] : []));
}
