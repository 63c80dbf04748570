// The scenarios of the specimens and the expected result of each, written by hand. The table checks the product, so product code
// must never compute it. The expectations apply to jobs with `detect_risk` and `detect_quality`.

export const SCENARIOS = [
  'good',
  'wrong-side',
  'blurred',
  'over-exposed',
  'under-exposed',
  'not-a-card',
  'screen',
  'copy',
  'edited',
  'temporary',
  'expired',
  'long-term',
  'number-mismatch',
  'minority-name',
  'residence-permit',
] as const;
export type Scenario = (typeof SCENARIOS)[number];
type Outcome = 'pass' | 'warn' | 'fail';

/** The expected result. `checks` contains every check that must be present, with the worse outcome if both sides have it. */
export interface Expectation {
  state: 'succeeded';
  verdict: 'clear' | 'review' | 'reject';
  checks: Record<string, Outcome>;
  front: { image_status: string };
  back: { image_status: string };
}

/** The condition of the front image, in the provider's terms. */
export interface FrontCondition {
  imageStatus: string;
  riskType: string;
  editTool: string;
}

export function isScenario(name: string): name is Scenario {
  return (SCENARIOS as readonly string[]).includes(name);
}

const BOTH_SIDES: Record<string, Outcome> = {
  image_status: 'pass',
  side_match: 'pass',
  risk_type: 'pass',
  edit_tool: 'pass',
  quality_clear: 'pass',
  quality_complete: 'pass',
  quality_uncovered: 'pass',
  number_checksum: 'pass',
  number_birth_date: 'pass',
  number_sex: 'pass',
  number_provider: 'pass',
  residence_permit: 'pass',
  ethnicity_known: 'pass',
  name_shape: 'pass',
  validity_started: 'pass',
  validity_not_expired: 'pass',
  validity_length: 'pass',
  sides_consistent: 'pass',
};

const BACK_ALONE: Record<string, Outcome> = {
  image_status: 'fail',
  side_match: 'pass',
  risk_type: 'pass',
  edit_tool: 'pass',
  quality_clear: 'pass',
  quality_complete: 'pass',
  quality_uncovered: 'pass',
  validity_started: 'pass',
  validity_not_expired: 'pass',
  validity_length: 'pass',
};

const { ethnicity_known: _absent, ...WITHOUT_ETHNICITY } = BOTH_SIDES;

function expects(
  verdict: Expectation['verdict'],
  checks: Record<string, Outcome>,
  front = 'normal',
  back = 'normal',
): Expectation {
  return { state: 'succeeded', verdict, checks, front: { image_status: front }, back: { image_status: back } };
}

export const EXPECTATIONS: Record<Scenario, Expectation> = {
  good: expects('clear', BOTH_SIDES),
  'wrong-side': expects('review', { ...BOTH_SIDES, side_match: 'warn' }, 'reversed_side', 'reversed_side'),
  blurred: expects('reject', BACK_ALONE, 'blurred'),
  'over-exposed': expects('reject', BACK_ALONE, 'over_exposure'),
  'under-exposed': expects('reject', BACK_ALONE, 'over_dark'),
  'not-a-card': expects('reject', BACK_ALONE, 'non_idcard'),
  screen: expects('reject', { ...BOTH_SIDES, risk_type: 'fail' }),
  copy: expects('reject', { ...BOTH_SIDES, risk_type: 'fail' }),
  edited: expects('reject', { ...BOTH_SIDES, edit_tool: 'fail' }),
  temporary: expects('review', { ...BOTH_SIDES, risk_type: 'warn' }),
  expired: expects('reject', { ...BOTH_SIDES, validity_not_expired: 'fail' }),
  'long-term': expects('clear', BOTH_SIDES),
  'number-mismatch': expects('reject', { ...BOTH_SIDES, number_birth_date: 'fail', number_provider: 'fail' }),
  'minority-name': expects('clear', BOTH_SIDES),
  'residence-permit': expects('review', { ...WITHOUT_ETHNICITY, residence_permit: 'warn' }),
};

const NORMAL: FrontCondition = { imageStatus: 'normal', riskType: 'normal', editTool: '' };

const FRONT_CONDITIONS: Partial<Record<Scenario, FrontCondition>> = {
  blurred: { ...NORMAL, imageStatus: 'blurred' },
  'over-exposed': { ...NORMAL, imageStatus: 'over_exposure' },
  'under-exposed': { ...NORMAL, imageStatus: 'over_dark' },
  screen: { ...NORMAL, riskType: 'screen' },
  copy: { ...NORMAL, riskType: 'copy' },
  edited: { ...NORMAL, editTool: 'Adobe Photoshop' },
  temporary: { ...NORMAL, riskType: 'temporary' },
};

/** The condition that the provider reports for the front image of a scenario. */
export function frontCondition(scenario: Scenario): FrontCondition {
  return FRONT_CONDITIONS[scenario] ?? NORMAL;
}

/** Whether the provider returns no text for the front in this scenario. */
export function frontIsUnreadable(scenario: Scenario): boolean {
  return EXPECTATIONS[scenario].checks.image_status === 'fail';
}
