export { CHECK_CODES, CHECK_OUTCOMES, type Check, type CheckCode, type CheckOutcome } from './checks.ts';
export { addYears, completedYears, dateInShanghai, dayNumber, isRealDate } from './dates.ts';
export { ethnicGroups, isKnownEthnicGroup, withoutZu } from './ethnicity.ts';
export {
  BACK_FIELDS,
  type CardFields,
  FIELD_NAMES,
  type FieldName,
  FRONT_FIELDS,
  type Other,
  other,
  type Side,
} from './fields.ts';
export { checkCharacter, type IdNumber, parseIdNumber } from './id-number.ts';
export { maskResult } from './mask.ts';
export { mergeSides, readingOf } from './merge.ts';
export { hasNameShape, withOneDot } from './name-shape.ts';
export {
  type Box,
  type Crop,
  type Direction,
  type FieldReading,
  type ImageStatus,
  type NumberCheck,
  QUALITY_ASPECTS,
  type Quality,
  type QualityAspect,
  type QualityAspectName,
  type Risk,
  type RiskType,
  type SideReading,
} from './reading.ts';
export { type Adjusted, buildResult, type Result, type ResultContext, type SideResult } from './result.ts';
export { type CheckContext, runChecks } from './run-checks.ts';
export { hasLawfulLength, type Term, termAtAge, type Validity } from './validity.ts';
export {
  DEFAULT_POLICY,
  decideVerdict,
  type PolicyProblem,
  type QualityThresholds,
  readVerdictPolicy,
  VERDICTS,
  type Verdict,
  type VerdictPolicy,
} from './verdict-policy.ts';
