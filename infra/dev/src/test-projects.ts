/**
 * Runs test projects through Turborepo and collects their results. Projects that start servers run one after the other.
 * `npm test` and `npm run test:s3` use it. It does not decide whether a run succeeded.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { tryLock } from './boot/lock.mjs';
import type { ProjectResult, VitestReport } from './reports.ts';
import { runProgram } from './run-program.ts';

/** In the order in which they run. `vitest.config.ts` and `turbo.json` define the same projects. */
export const TEST_PROJECTS = [
  'types',
  'lint',
  'unit',
  'contract',
  'integration',
  'e2e',
  'chaos',
  'webhooks',
  'leak',
] as const;
export type TestProject = (typeof TEST_PROJECTS)[number];

/** These run no Vitest and write no report. */
const WITHOUT_REPORT: readonly TestProject[] = ['types', 'lint'];

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
  rmSync(path.join(root, 'reports'), { recursive: true, force: true });
  rmSync(path.join(root, '.turbo/runs'), { recursive: true, force: true });
  mkdirSync(path.join(root, 'reports'));
}

function runTurbo(root: string, projects: readonly TestProject[], env: Readonly<NodeJS.ProcessEnv>): Promise<number> {
  const tasks = projects.map((project) => (WITHOUT_REPORT.includes(project) ? `//#${project}` : project));
  // turbo.json orders all projects. If some are left out, its chain has gaps; one task at a time keeps the order.
  const order = projects.length === TEST_PROJECTS.length ? ['--concurrency=2'] : ['--only', '--concurrency=1'];
  const flags = [...order, '--continue=always', '--summarize', '--cache=local:rw'];
  return runProgram('turbo', ['run', ...tasks, ...flags, '--no-update-notifier', '--log-order=stream'], {
    cwd: root,
    env: { ...env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  });
}

function readTasks(root: string): TaskSummary[] {
  const folder = path.join(root, '.turbo/runs');
  const [file] = existsSync(folder) ? readdirSync(folder) : [];
  if (!file) return [];
  const summary: { tasks: TaskSummary[] } = JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
  return summary.tasks;
}

function resultOf(project: TestProject, tasks: readonly TaskSummary[]): Omit<ProjectResult, 'report'> {
  const summary = tasks.find(({ task }) => task === project);
  const { exitCode = null, startTime, endTime } = summary?.execution ?? {};
  const seconds = startTime === undefined || endTime === undefined ? undefined : (endTime - startTime) / 1_000;
  return { project, exitCode, seconds, cached: summary?.cache?.status === 'HIT' };
}

function readReport(root: string, project: TestProject): VitestReport | null | undefined {
  if (WITHOUT_REPORT.includes(project)) return undefined;
  try {
    return JSON.parse(readFileSync(path.join(root, 'reports', `${project}.json`), 'utf8'));
  } catch {
    return null;
  }
}
