/**
 * Finds the test files that a path or pattern of `npm test -- …` selects, and runs them with Vitest, one project after
 * the other. Vitest itself says which project a file belongs to.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ProjectResult, VitestReport } from './reports.ts';
import { runProgram } from './run-program.ts';

export interface TestFile {
  /** Relative to the repository. */
  path: string;
  project: string;
}

/** From `node_modules/.bin`, which the launcher puts first on PATH; it runs on the Node that is also there. */
const VITEST = 'vitest';

export function listTestFiles(root: string): TestFile[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'test-files-'));
  const list = path.join(folder, 'list.json');
  try {
    const args = ['list', '--root', root, '--filesOnly', `--json=${list}`];
    execFileSync(VITEST, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    const found: Array<{ file: string; projectName: string }> = JSON.parse(readFileSync(list, 'utf8'));
    return found.map(({ file, projectName }) => ({ path: path.relative(root, file), project: projectName }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The files of each pattern: that path, that folder, else a glob, else a part of a path. Folders named `long` contain
 * tests that take too long for a usual run; a pattern selects them only if it names that folder.
 */
export function matchFiles(
  patterns: readonly string[],
  files: readonly TestFile[],
): Array<{ pattern: string; files: TestFile[] }> {
  return patterns.map((pattern) => {
    const wanted = path.normalize(pattern).replace(/\/$/, '');
    const eligible = files.filter((file) => !isLong(file.path) || isLong(`${wanted}/`));
    const ways = [
      (file: string) => file === wanted || file.startsWith(`${wanted}/`),
      (file: string) => path.matchesGlob(file, wanted),
      (file: string) => file.includes(wanted),
    ];
    const found = ways.map((matches) => eligible.filter((file) => matches(file.path)));
    return { pattern, files: found.find((matched) => matched.length > 0) ?? [] };
  });
}

function isLong(file: string): boolean {
  return /(^|\/)long\//.test(file);
}

/** Runs the files and returns one result per project. `testName` is a pattern for the names of tests. */
export async function runFiles(
  root: string,
  files: readonly TestFile[],
  env: Readonly<NodeJS.ProcessEnv>,
  testName?: string,
): Promise<ProjectResult[]> {
  const reports = path.join(root, 'reports/selected');
  rmSync(reports, { recursive: true, force: true });
  if (files.length > 0) mkdirSync(reports, { recursive: true });
  const results: ProjectResult[] = [];
  // One at a time: projects that start servers must not run at the same time.
  for (const [project, members] of Map.groupBy(files, (file) => file.project)) {
    const report = path.join(reports, `${project}.json`);
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const name = testName === undefined ? [] : ['--testNamePattern', testName];
    const paths = members.map((member) => path.join(root, member.path));
    const args = ['run', '--root', root, '--project', project, ...reporters, ...name, ...paths];
    const startedAt = performance.now();
    const exitCode = await runProgram(VITEST, args, { cwd: root, env });
    const seconds = (performance.now() - startedAt) / 1_000;
    results.push({ project, exitCode, report: readReport(report), seconds });
  }
  return results;
}

function readReport(file: string): VitestReport | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}
