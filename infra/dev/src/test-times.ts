/** The table of `npm test` that shows where its time went: one line per project, then the slowest test files. */
import path from 'node:path';
import type { ProjectResult, VitestReport } from './reports.ts';

const SLOWEST_FILES = 10;
const HEADS = ['project', 'seconds', 'in tests', 'files', 'tests'];

/** File paths in the table are relative to `root`. */
export function timeTable(results: readonly ProjectResult[], root: string): string {
  const rows = results.map(rowOf);
  const widths = HEADS.map((head, at) => Math.max(head.length, ...rows.map((row) => row[at]!.length)));
  const line = (cells: readonly string[]) =>
    `  ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join('  ')}`;
  return ['where the time went:', line(HEADS), ...rows.map(line), ...slowestOf(results, root)].join('\n');
}

function rowOf({ project, seconds, cached, report }: ProjectResult): string[] {
  const wall = cached ? 'cached' : seconds === undefined ? '-' : seconds.toFixed(1);
  if (!report) return [project, wall, '-', '-', '-'];
  const inTests = report.testResults.reduce((sum, file) => sum + secondsOf(file), 0);
  const tests = report.testResults.reduce((sum, file) => sum + file.assertionResults.length, 0);
  return [project, wall, inTests.toFixed(1), String(report.testResults.length), String(tests)];
}

/** Files of cached projects are left out: this run did not spend their time. */
function slowestOf(results: readonly ProjectResult[], root: string): string[] {
  const files = results
    .filter(({ cached }) => !cached)
    .flatMap(({ report }) => report?.testResults ?? [])
    .map((file) => ({ name: path.relative(root, file.name), seconds: secondsOf(file) }))
    .sort((left, right) => right.seconds - left.seconds)
    .slice(0, SLOWEST_FILES);
  if (files.length === 0) return [];
  return ['slowest files:', ...files.map(({ name, seconds }) => `  ${seconds.toFixed(1).padStart(6)} s  ${name}`)];
}

function secondsOf({ startTime = 0, endTime = 0 }: VitestReport['testResults'][number]): number {
  return (endTime - startTime) / 1_000;
}
