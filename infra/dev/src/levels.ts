/**
 * Runs levels of tests through Turborepo, one pipeline whose stateful levels come one after the other, and collects
 * what they left. `npm test` and `npm run test:s3` use it; it decides nothing about success.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { tryLock } from './boot/lock.mjs';
import type { LevelResult, VitestReport } from './reports.ts';
import { runProgram } from './run-program.ts';

/** In the order in which they run; the first two make no report. */
export const LEVELS = ['types', 'lint', 'unit', 'contract', 'integration', 'e2e', 'chaos', 'webhooks', 'leak'] as const;
export type Level = (typeof LEVELS)[number];

const PLAIN: readonly Level[] = ['types', 'lint'];

interface TurboSummary {
  tasks: Array<{ task: string; execution?: { exitCode?: number | null } | null }>;
}

/** Throws when another run uses the same checkout: the two would mix their reports. */
export async function runLevels(
  root: string,
  levels: readonly Level[],
  env: Readonly<NodeJS.ProcessEnv>,
): Promise<{ results: LevelResult[]; exitCode: number }> {
  const lock = tryLock(path.join(root, '.cardseal/test.lock'));
  if (!lock.held) throw new Error(`process ${lock.holder.pid} is running the tests of this checkout already`);
  try {
    clearTraces(root);
    const exitCode = await runTurbo(root, levels, env);
    const exitCodes = readExitCodes(root);
    const results = levels.map((level) => ({
      level,
      exitCode: exitCodes.get(level) ?? null,
      report: readReport(root, level),
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

function runTurbo(root: string, levels: readonly Level[], env: Readonly<NodeJS.ProcessEnv>): Promise<number> {
  const tasks = levels.map((level) => (PLAIN.includes(level) ? `//#${level}` : level));
  // The order of the levels is in turbo.json. With some left out the chain has gaps, so one at a time keeps it.
  const order = levels.length === LEVELS.length ? ['--concurrency=2'] : ['--only', '--concurrency=1'];
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

function readReport(root: string, level: Level): VitestReport | null | undefined {
  if (PLAIN.includes(level)) return undefined;
  try {
    return JSON.parse(readFileSync(path.join(root, 'reports', `${level}.json`), 'utf8'));
  } catch {
    return null;
  }
}
