import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CHECK_CODES,
  CHECK_OUTCOMES,
  type Check,
  DEFAULT_POLICY,
  decideVerdict,
  readVerdictPolicy,
  VERDICTS,
} from './index.ts';

const check = fc
  .constantFrom(...CHECK_CODES)
  .chain((code) => fc.constantFrom(...CHECK_OUTCOMES[code]).map((outcome): Check => ({ code, outcome })));

function policyOf(input: unknown) {
  const read = readVerdictPolicy(input);
  if ('problems' in read) throw new Error(JSON.stringify(read.problems));
  return read.policy;
}

describe('the default policy', () => {
  it('rejects on any fail, asks for a person on any warning, and is clear otherwise', () => {
    fc.assert(
      fc.property(fc.array(check, { minLength: 1 }), (checks) => {
        const outcomes = checks.map(({ outcome }) => outcome);
        const expected = outcomes.includes('fail') ? 'reject' : outcomes.includes('warn') ? 'review' : 'clear';
        expect(decideVerdict(checks, DEFAULT_POLICY)).toBe(expected);
      }),
    );
  });

  it('is never clear on nothing', () => {
    expect(decideVerdict([], DEFAULT_POLICY)).toBe('review');
  });
});

describe('a policy of a tenant', () => {
  it('changes what it names and nothing else', () => {
    const policy = policyOf({
      checks: { residence_permit: { warn: 'clear' }, risk_type: { warn: 'reject', fail: 'review' } },
    });
    const verdict = (code: Check['code'], outcome: Check['outcome']) => decideVerdict([{ code, outcome }], policy);
    expect(verdict('residence_permit', 'warn')).toBe('clear');
    expect(verdict('risk_type', 'warn')).toBe('reject');
    expect(verdict('risk_type', 'fail')).toBe('review');
    expect(verdict('risk_type', 'pass')).toBe('clear');
    expect(verdict('side_match', 'warn')).toBe('review');
    expect(verdict('edit_tool', 'fail')).toBe('reject');
  });

  it('a check more never makes the verdict milder', () => {
    const leads = fc.record(
      { warn: fc.constantFrom(...VERDICTS), fail: fc.constantFrom(...VERDICTS) },
      { requiredKeys: [] },
    );
    const checks = fc.dictionary(fc.constantFrom(...CHECK_CODES), leads);
    fc.assert(
      fc.property(checks, fc.array(check, { minLength: 1 }), check, (named, before, more) => {
        const policy = { thresholds: DEFAULT_POLICY.thresholds, checks: named };
        const gravity = (all: Check[]) => VERDICTS.indexOf(decideVerdict(all, policy));
        expect(gravity([...before, more])).toBeGreaterThanOrEqual(gravity(before));
      }),
    );
  });

  it('is filled up with the default', () => {
    expect(policyOf({})).toEqual(DEFAULT_POLICY);
    expect(policyOf(undefined)).toEqual(DEFAULT_POLICY);
    expect(policyOf({ thresholds: { clear: 0.9 } }).thresholds).toEqual({ clear: 0.9, complete: 0.5, uncovered: 0.3 });
  });

  it('reports every problem at once', () => {
    const input = {
      thresholds: { clear: 1.1, complete: '0.5', sharp: 1 },
      checks: {
        risk_type: { fail: 'refuse', pass: 'clear' },
        ethnicity_known: { fail: 'reject' },
        edit_tool: 'reject',
        no_such_check: {},
      },
      colour: 'blue',
    };
    expect(readVerdictPolicy(input)).toEqual({
      problems: [
        { pointer: '', code: 'unknown_key' },
        { pointer: '/thresholds', code: 'unknown_key' },
        { pointer: '/thresholds/clear', code: 'not_a_probability' },
        { pointer: '/thresholds/complete', code: 'not_a_probability' },
        { pointer: '/checks', code: 'unknown_key' },
        { pointer: '/checks/risk_type', code: 'unknown_key' },
        { pointer: '/checks/risk_type/fail', code: 'not_a_verdict' },
        { pointer: '/checks/ethnicity_known/fail', code: 'outcome_never_occurs' },
        { pointer: '/checks/edit_tool', code: 'not_an_object' },
      ],
    });
  });

  it('cannot let a value that was not understood lead to clear', () => {
    const warned: Check[] = [{ code: 'fields_understood', outcome: 'warn', side: 'front' }];
    const checks = { fields_understood: { warn: 'clear' as const } };
    expect(readVerdictPolicy({ checks })).toEqual({
      problems: [{ pointer: '/checks/fields_understood/warn', code: 'never_clear' }],
    });
    expect(decideVerdict(warned, { thresholds: DEFAULT_POLICY.thresholds, checks })).toBe('review');
    expect(policyOf({ checks: { fields_understood: { warn: 'reject' } } }).checks).toHaveProperty('fields_understood');
  });

  it.each([null, [], 'strict', 1, { thresholds: [] }, { checks: null }, { thresholds: { clear: Number.NaN } }])(
    'is refused as %j',
    (input) => {
      expect(readVerdictPolicy(input)).toHaveProperty('problems');
    },
  );

  it('bears any JSON, and what it accepts it accepts again', () => {
    const keys = fc.constantFrom('thresholds', 'checks', 'clear', 'risk_type', 'fail', '__proto__', 'constructor');
    const anything = fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: 'small' }, fc.constantFrom(...VERDICTS), fc.double(), tie('object')),
      object: fc.dictionary(keys, tie('value'), { maxKeys: 3 }),
    })).object;
    fc.assert(
      fc.property(anything, (input) => {
        const read = readVerdictPolicy(input);
        if ('policy' in read) expect(policyOf(read.policy)).toEqual(read.policy);
        else expect(read.problems.length).toBeGreaterThan(0);
      }),
    );
  });
});
