/**
 * Runs projects of tests through Turborepo, one pipeline whose stateful projects come one after the other, and collects
 * what they left. `npm test` and `npm run test:s3` use it; it decides nothing about success.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { tryLock } from './boot/lock.mjs';
import type { ProjectResult, VitestReport } from './reports.ts';
import { runProgram } from './run-program.ts';

/** In the order in which they run; the first two make no report. */
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

const PLAIN: readonly TestProject[] = ['types', 'lint'];

interface TurboSummary {
  tasks: Array<{ task: string; execution?: { exitCode?: number | null } | null }>;
}

/** Throws when another run uses the same checkout: the two would mix their reports. */
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
    const exitCodes = readExitCodes(root);
    const results = projects.map((project) => ({
      project,
      exitCode: exitCodes.get(project) ?? null,
      report: readReport(root, project),
    }));
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
  const tasks = projects.map((project) => (PLAIN.includes(project) ? `//#${project}` : project));
  // The order of the projects is in turbo.json. With some left out the chain has gaps, so one at a time keeps it.
  const order = projects.length === TEST_PROJECTS.length ? ['--concurrency=2'] : ['--only', '--concurrency=1'];
  const flags = [...order, '--continue=always', '--summarize', '--cache=local:rw'];
  return runProgram('turbo', ['run', ...tasks, ...flags, '--no-update-notifier', '--log-order=stream'], {
    cwd: root,
    env: { ...env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  });
}

function readExitCodes(root: string): Map<string, number | null> {
  const folder = path.join(root, '.turbo/runs');
  const [file] = existsSync(folder) ? readdirSync(folder) : [];
  if (!file) return new Map();
  const summary: TurboSummary = JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
  return new Map(summary.tasks.map(({ task, execution }) => [task, execution?.exitCode ?? null]));
}

function readReport(root: string, project: TestProject): VitestReport | null | undefined {
  if (PLAIN.includes(project)) return undefined;
  try {
    return JSON.parse(readFileSync(path.join(root, 'reports', `${project}.json`), 'utf8'));
  } catch {
    return null;
  }
}
