/**
 * The verdict that follows from the outcomes of checks, by a tenant's policy over the default. The policy is text from
 * the tenant, so reading it reports every problem and never throws.
 */
import { CHECK_CODES, CHECK_OUTCOMES, type Check, type CheckCode, type CheckOutcome, NEVER_CLEAR } from './checks.ts';
import { QUALITY_ASPECTS, type QualityAspectName } from './reading.ts';

export const VERDICTS = ['clear', 'review', 'reject'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Probabilities in 0–1, from which an aspect of quality counts as good. */
export type QualityThresholds = Record<QualityAspectName, number>;

export interface VerdictPolicy {
  thresholds: QualityThresholds;
  /** The verdict for warn and fail, per check; checks without an entry keep the default. */
  checks: Partial<Record<CheckCode, { warn?: Verdict; fail?: Verdict }>>;
}

/** The provider's recommended thresholds; a fail rejects, a warning needs a review by a person. */
export const DEFAULT_POLICY: VerdictPolicy = Object.freeze({
  thresholds: Object.freeze({ clear: 0.5, complete: 0.5, uncovered: 0.3 }),
  checks: Object.freeze({}),
});

const DEFAULT_LEAD: Record<CheckOutcome, Verdict> = { pass: 'clear', warn: 'review', fail: 'reject' };

/** The most severe verdict of all checks. Without any check the verdict is `review`. */
export function decideVerdict(checks: readonly Check[], policy: VerdictPolicy = DEFAULT_POLICY): Verdict {
  if (checks.length === 0) return 'review';
  const leads = checks.map(({ code, outcome }) => {
    const named = outcome === 'pass' ? undefined : policy.checks[code]?.[outcome];
    const lead = VERDICTS.indexOf(named ?? DEFAULT_LEAD[outcome]);
    const lowest = outcome !== 'pass' && NEVER_CLEAR.includes(code) ? VERDICTS.indexOf('review') : 0;
    return Math.max(lead, lowest);
  });
  return VERDICTS[Math.max(...leads)]!;
}

export interface PolicyProblem {
  /** JSON pointer into the policy; an unknown key is reported at its parent. */
  pointer: string;
  code:
    | 'not_an_object'
    | 'unknown_key'
    | 'not_a_probability'
    | 'not_a_verdict'
    | 'outcome_never_occurs'
    | 'never_clear';
}

type Fields = Record<string, unknown>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The entries of an object with known keys; everything else becomes a problem. */
function entries(value: unknown, known: readonly string[], pointer: string, problems: PolicyProblem[]) {
  if (value === undefined) return [];
  if (!isObject(value)) {
    problems.push({ pointer, code: 'not_an_object' });
    return [];
  }
  const all = Object.entries(value);
  if (all.some(([key]) => !known.includes(key))) problems.push({ pointer, code: 'unknown_key' });
  return all.filter(([key]) => known.includes(key));
}

function readThresholds(value: unknown, problems: PolicyProblem[]): QualityThresholds {
  const thresholds = { ...DEFAULT_POLICY.thresholds };
  for (const [aspect, given] of entries(value, QUALITY_ASPECTS, '/thresholds', problems)) {
    if (typeof given === 'number' && given >= 0 && given <= 1) thresholds[aspect as QualityAspectName] = given;
    else problems.push({ pointer: `/thresholds/${aspect}`, code: 'not_a_probability' });
  }
  return thresholds;
}

function readLeads(code: CheckCode, value: unknown, problems: PolicyProblem[]): { warn?: Verdict; fail?: Verdict } {
  const leads: { warn?: Verdict; fail?: Verdict } = {};
  const occurring: readonly CheckOutcome[] = CHECK_OUTCOMES[code];
  for (const [outcome, verdict] of entries(value, ['warn', 'fail'], `/checks/${code}`, problems)) {
    const pointer = `/checks/${code}/${outcome}`;
    if (!occurring.includes(outcome as CheckOutcome)) problems.push({ pointer, code: 'outcome_never_occurs' });
    else if (!VERDICTS.includes(verdict as Verdict)) problems.push({ pointer, code: 'not_a_verdict' });
    else if (verdict === 'clear' && NEVER_CLEAR.includes(code)) problems.push({ pointer, code: 'never_clear' });
    else leads[outcome as 'warn' | 'fail'] = verdict as Verdict;
  }
  return leads;
}

/** The tenant's policy completed with the default, or every problem of it. */
export function readVerdictPolicy(input: unknown): { policy: VerdictPolicy } | { problems: PolicyProblem[] } {
  const problems: PolicyProblem[] = [];
  const root = Object.fromEntries(entries(input, ['thresholds', 'checks'], '', problems)) as Fields;
  const thresholds = readThresholds(root.thresholds, problems);
  const checks: VerdictPolicy['checks'] = {};
  for (const [code, leads] of entries(root.checks, CHECK_CODES, '/checks', problems)) {
    checks[code as CheckCode] = readLeads(code as CheckCode, leads, problems);
  }
  return problems.length > 0 ? { problems } : { policy: { thresholds, checks } };
}
