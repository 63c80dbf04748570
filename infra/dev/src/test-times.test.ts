import { expect, it } from 'vitest';
import type { VitestReport } from './reports.ts';
import { timeTable } from './test-times.ts';

const file = (name: string, seconds: number, tests: number) => ({
  name,
  status: 'passed',
  startTime: 1_000,
  endTime: 1_000 + seconds * 1_000,
  assertionResults: Array.from({ length: tests }, () => ({ fullName: 'x', status: 'passed' })),
});
const report = (...testResults: VitestReport['testResults']) => ({ testResults }) as VitestReport;

it('shows the time of each project and the slowest files, without the files of cached projects', () => {
  const table = timeTable(
    [
      { project: 'types', exitCode: 0, report: undefined, seconds: 4.24 },
      { project: 'unit', exitCode: 0, report: report(file('/r/a.test.ts', 90, 3)), seconds: 0.1, cached: true },
      {
        project: 'e2e',
        exitCode: 0,
        report: report(file('/r/b.test.ts', 2, 1), file('/r/c.test.ts', 7.5, 2)),
        seconds: 12,
      },
      { project: 'leak', exitCode: null, report: null },
    ],
    '/r',
  );
  expect(table.split('\n')).toEqual([
    'where the time went:',
    '  project  seconds  in tests  files  tests',
    '  types        4.2         -      -      -',
    '  unit      cached      90.0      1      3',
    '  e2e         12.0       9.5      2      3',
    '  leak           -         -      -      -',
    'slowest files:',
    '     7.5 s  c.test.ts',
    '     2.0 s  b.test.ts',
  ]);
});
