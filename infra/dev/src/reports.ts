/**
 * Sums the results of the projects of `npm test`. A project counts as failed if its report is missing or empty, or if
 * its exit code is not 0 although the report names no failure. This file runs nothing.
 */

/** The part of Vitest's JSON report that `npm test` reads. */
export interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  success: boolean;
  testResults: Array<{
    name: string;
    status: string;
    message?: string;
    /** Milliseconds since 1970. */
    startTime?: number;
    endTime?: number;
    assertionResults: Array<{ fullName: string; status: string; failureMessages?: string[] | null }>;
  }>;
}

/** The result of one project. `report` is undefined for a project without reports, and null if its report is missing. */
export interface ProjectResult {
  project: string;
  /** null if the project did not run. */
  exitCode: number | null;
  report: VitestReport | null | undefined;
  /** How long it ran. */
  seconds?: number | undefined;
  /** Turborepo replayed an earlier run with the same inputs. */
  cached?: boolean;
}

export interface Sum {
  passed: number;
  failed: number;
  skipped: number;
  /** One text per failed test, file or project. */
  failures: string[];
}

export function sumResults(results: readonly ProjectResult[]): Sum {
  const sums = results.map((result) => (result.report === undefined ? sumPlain(result) : sumReported(result)));
  return {
    passed: total(sums, 'passed'),
    failed: total(sums, 'failed'),
    skipped: total(sums, 'skipped'),
    failures: sums.flatMap(({ failures }) => failures),
  };
}

function total(sums: readonly Sum[], field: 'passed' | 'failed' | 'skipped'): number {
  return sums.reduce((sum, each) => sum + each[field], 0);
}

export function sumLine({ passed, failed, skipped }: Sum): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

function sumPlain({ project, exitCode }: ProjectResult): Sum {
  if (exitCode === 0) return { passed: 1, failed: 0, skipped: 0, failures: [] };
  const how = exitCode === null ? 'did not run' : `failed with exit code ${exitCode}`;
  return { passed: 0, failed: 1, skipped: 0, failures: [`${project}: ${how}`] };
}

function sumReported({ project, exitCode, report }: ProjectResult): Sum {
  if (!report) return oneFailure(project, 'wrote no report');
  const skipped = report.numPendingTests + report.numTodoTests;
  const failures = [...failedTests(project, report), ...brokenFiles(project, report)];
  const passed = report.numPassedTests;
  if (failures.length === 0 && passed + skipped === 0) failures.push(`${project}: its report contains no test`);
  if (failures.length === 0 && (exitCode !== 0 || !report.success)) {
    failures.push(`${project}: the run failed (exit code ${exitCode}) although no test did`);
  }
  return { passed, failed: failures.length, skipped, failures };
}

function oneFailure(project: string, what: string): Sum {
  return { passed: 0, failed: 1, skipped: 0, failures: [`${project}: ${what}`] };
}

function failedTests(project: string, report: VitestReport): string[] {
  return report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'failed')
      .map((test) => `${project}: ${test.fullName}\n    ${name}\n    ${firstLine(test.failureMessages?.[0])}`),
  );
}

/** Files that could not be loaded, or whose hooks failed: they contain no failed test. */
function brokenFiles(project: string, report: VitestReport): string[] {
  return report.testResults
    .filter(({ status }) => status === 'failed')
    .filter(({ assertionResults }) => !assertionResults.some((test) => test.status === 'failed'))
    .map(({ name, message }) => `${project}: ${name}\n    ${firstLine(message)}`);
}

function firstLine(text: string | undefined): string {
  return text?.split('\n', 1)[0] ?? '';
}
