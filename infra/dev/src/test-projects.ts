/**
 * Runs test projects through Turborepo and collects their results, for `npm test` and `npm run test:s3`. `turbo.json` has
 * the order: three chains of projects side by side, because most of their time is waiting, then the timed project alone.
 * It does not decide whether a run succeeded.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { tryLock } from './boot/lock.mjs';
import type { ProjectResult, VitestReport } from './reports.ts';
import { runProgram } from './run-program.ts';
import { unitReport, WORKSPACES } from './workspaces.ts';

/**
 * `vitest.config.ts` and `turbo.json` define the same projects. `unit` is the task `test` of every workspace; `types` and
 * `lint` are tasks of the root, and the others are tasks of `test/`.
 */
export const TEST_PROJECTS = [
  'types',
  'lint',
  'unit',
  'contract',
  'integration',
  'e2e',
  'webhooks',
  'leak',
  'chaos',
  'e2e-timed',
] as const;
export type TestProject = (typeof TEST_PROJECTS)[number];

/** These run no Vitest and write no report. */
const WITHOUT_REPORT: readonly TestProject[] = ['types', 'lint'];
/** These start no server, so they may run side by side in any order. */
const WITHOUT_SERVER: readonly TestProject[] = [...WITHOUT_REPORT, 'unit'];

/** As many tasks as turbo.json has chains run at the same time. */
const CHAINS = 3;

interface TaskSummary {
  task: string;
  /** Times are milliseconds since 1970. */
  execution?: { exitCode?: number | null; startTime?: number; endTime?: number } | null;
  cache?: { status?: string };
}

/** Throws if another run uses the same checkout, because the two would mix their reports. */
export async function runProjects(
  root: string,
  projects: readonly TestProject[],
  env: Readonly<NodeJS.ProcessEnv>,
): Promise<{ results: ProjectResult[]; exitCode: number }> {
  const lock = tryLock(path.join(root, '.cardseal/test.lock'));
  if (!lock.held) throw new Error(`process ${lock.holder.pid} is running the tests of this checkout already`);
  try {
    clearTraces(root);
    const exitCode = await runTurbo(root, projects, env);
    const tasks = readTasks(root);
    const results = projects.map((project) => ({ ...resultOf(project, tasks), report: readReport(root, project) }));
    return { results, exitCode };
  } finally {
    lock.release();
  }
}

function clearTraces(root: string): void {
  for (const folder of ['', ...WORKSPACES]) {
    rmSync(path.join(root, folder, 'reports'), { recursive: true, force: true });
  }
  rmSync(path.join(root, '.turbo/runs'), { recursive: true, force: true });
  mkdirSync(path.join(root, 'reports'));
}

function runTurbo(root: string, projects: readonly TestProject[], env: Readonly<NodeJS.ProcessEnv>): Promise<number> {
  const tasks = projects.map((project) => (WITHOUT_REPORT.includes(project) ? `//#${project}` : taskOf(project)));
  const all = projects.length === TEST_PROJECTS.length;
  // turbo.json orders all projects. If some are left out, its chains have gaps; one task at a time is then safe.
  const concurrency = all || projects.every((project) => WITHOUT_SERVER.includes(project)) ? CHAINS : 1;
  const flags = [
    ...(all ? [] : ['--only']),
    `--concurrency=${concurrency}`,
    '--continue=always',
    '--summarize',
    '--cache=local:rw',
  ];
  return runProgram('turbo', ['run', ...tasks, ...flags, '--no-update-notifier', '--log-order=stream'], {
    cwd: root,
    env: { ...env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  });
}

function taskOf(project: TestProject): string {
  return project === 'unit' ? 'test' : project;
}

function readTasks(root: string): TaskSummary[] {
  const folder = path.join(root, '.turbo/runs');
  const [file] = existsSync(folder) ? readdirSync(folder) : [];
  if (!file) return [];
  const summary: { tasks: TaskSummary[] } = JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
  return summary.tasks;
}

/** Several workspaces run `unit`: their seconds are added, and the worst exit code counts (null: one did not run). */
function resultOf(project: TestProject, tasks: readonly TaskSummary[]): Omit<ProjectResult, 'report'> {
  const own = tasks.filter(({ task }) => task === taskOf(project));
  const codes = own.map(({ execution }) => execution?.exitCode ?? null);
  const exitCode = codes.includes(null) || codes.length === 0 ? null : Math.max(...(codes as number[]));
  const times = own.map(({ execution }) => ((execution?.endTime ?? 0) - (execution?.startTime ?? 0)) / 1_000);
  const seconds = exitCode === null ? undefined : times.reduce((sum, each) => sum + each, 0);
  return { project, exitCode, seconds, cached: own.length > 0 && own.every(({ cache }) => cache?.status === 'HIT') };
}

function readReport(root: string, project: TestProject): VitestReport | null | undefined {
  if (WITHOUT_REPORT.includes(project)) return undefined;
  if (project !== 'unit') return readFileReport(path.join(root, 'reports', `${project}.json`));
  const reports = WORKSPACES.map((workspace) => readFileReport(path.join(root, unitReport(workspace))));
  return reports.every((report) => report !== null) ? mergeReports(reports) : null;
}

function readFileReport(file: string): VitestReport | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

function mergeReports(reports: readonly VitestReport[]): VitestReport {
  const total = (count: (report: VitestReport) => number) => reports.reduce((sum, each) => sum + count(each), 0);
  return {
    numPassedTests: total((each) => each.numPassedTests),
    numFailedTests: total((each) => each.numFailedTests),
    numPendingTests: total((each) => each.numPendingTests),
    numTodoTests: total((each) => each.numTodoTests),
    success: reports.every(({ success }) => success),
    testResults: reports.flatMap(({ testResults }) => testResults),
  };
}
