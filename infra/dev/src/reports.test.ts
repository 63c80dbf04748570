import { describe, expect, it } from 'vitest';
import { type ProjectResult, sumLine, sumResults, type VitestReport } from './reports.ts';

function report(counts: Partial<VitestReport> = {}): VitestReport {
  return {
    numPassedTests: 0,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    success: true,
    testResults: [],
    ...counts,
  };
}

function lineOf(...results: ProjectResult[]): string {
  return sumLine(sumResults(results));
}

const types: ProjectResult = { project: 'types', exitCode: 0, report: undefined };
const unit: ProjectResult = { project: 'unit', exitCode: 0, report: report({ numPassedTests: 4, numPendingTests: 2 }) };

describe('sumResults', () => {
  it('counts one for a project without reports, and every test of a report', () => {
    expect(lineOf(types, unit)).toBe('5 passed, 0 failed, 2 skipped');
  });

  it('lists each failed test with its file and the first line of its message', () => {
    const assertionResults = [
      { fullName: 'a sum is wrong', status: 'failed', failureMessages: ['expected 1\n    at x'] },
      { fullName: 'a sum is right', status: 'passed' },
    ];
    const testResults = [{ name: 'sum.test.ts', status: 'failed', assertionResults }];
    const failed = report({ numPassedTests: 1, numFailedTests: 1, success: false, testResults });
    const sum = sumResults([{ project: 'unit', exitCode: 1, report: failed }]);
    expect(sumLine(sum)).toBe('1 passed, 1 failed, 0 skipped');
    expect(sum.failures).toEqual(['unit: a sum is wrong\n    sum.test.ts\n    expected 1']);
  });

  it.each<[string, ProjectResult]>([
    ['a project that wrote no report', { project: 'leak', exitCode: 0, report: null }],
    ['a report without a test', { project: 'leak', exitCode: 0, report: report() }],
    ['an exit code that the report does not explain', { ...unit, exitCode: 1, report: report() }],
    ['a project that did not run', { project: 'types', exitCode: null, report: undefined }],
    ['a failed project without a report', { project: 'types', exitCode: 2, report: undefined }],
  ])('counts %s as one failure', (_, result) => {
    expect(lineOf(result)).toBe('0 passed, 1 failed, 0 skipped');
  });

  it('counts a run that failed outside its tests', () => {
    expect(lineOf({ ...unit, exitCode: 1 })).toBe('4 passed, 1 failed, 2 skipped');
    expect(lineOf({ ...unit, report: report({ numPassedTests: 4, success: false }) })).toBe(
      '4 passed, 1 failed, 0 skipped',
    );
  });

  it('counts a file that could not be loaded', () => {
    const testResults = [
      { name: 'x.test.ts', status: 'failed', message: 'no such module\nstack', assertionResults: [] },
    ];
    const broken = report({ numPassedTests: 3, success: false, testResults });
    const sum = sumResults([{ project: 'e2e', exitCode: 1, report: broken }]);
    expect(sumLine(sum)).toBe('3 passed, 1 failed, 0 skipped');
    expect(sum.failures).toEqual(['e2e: x.test.ts\n    no such module']);
  });
});
