/**
 * The Vitest projects. `unit-<workspace>` tests start nothing and share one process per workspace. All other projects
 * start servers or processes. No project repeats a failed test. `infra/dev/src/test-projects.ts` runs them.
 */
import { globSync } from 'node:fs';
import path from 'node:path';
import { defineConfig } from 'vitest/config';
import manifest from './package.json' with { type: 'json' };

const SECOND_MS = 1_000;
/** A test with this suffix starts Redis, a server or a process, and is next to its source. */
const BESIDE_SOURCE = '{apps,packages,infra}/**/*.integration.test.ts';
/** Folders under `test/` without their own project. */
const UNIT_FOLDERS = 'bench,interop,model,soak,support';
/** Measure rates or deadlines of the whole stack, so they run one at a time, beside nothing else. */
const TIMED = 'test/e2e/{closed-gate,main-job,outage,worker-killed}.test.ts';

/** Starts of Node reuse compiled code: a stack starts seven processes, and most of its start is reading TypeScript. */
const env = { NODE_COMPILE_CACHE: path.resolve(import.meta.dirname, '.cardseal/cache/node') };

const workspaces = manifest.workspaces
  .flatMap((pattern) => globSync(`${pattern}/package.json`, { cwd: import.meta.dirname }))
  .map((file) => path.dirname(file));

function unit(workspace: string) {
  return {
    test: {
      name: `unit-${path.basename(workspace)}`,
      include: workspace === 'test' ? [`test/{${UNIT_FOLDERS}}/**/*.test.ts`] : [`${workspace}/**/*.test.ts`],
      exclude: ['**/node_modules/**', BESIDE_SOURCE],
      setupFiles: ['test/support/unit-setup.ts'],
      // Processes, not threads: `sharp` allows and blocks image formats for the whole process.
      pool: 'forks' as const,
      isolate: false,
      fsModuleCache: true,
      // Some tests explore thousands of histories on a machine of unknown speed.
      testTimeout: 60 * SECOND_MS,
    },
  };
}

interface Limits {
  testTimeoutMs: number;
  hookTimeoutMs?: number;
  exclude?: string[];
}

function stateful(name: string, include: string[], limits: Limits) {
  return {
    test: {
      name,
      include,
      exclude: ['**/node_modules/**', ...(limits.exclude ?? [])],
      env,
      fileParallelism: false,
      fsModuleCache: true,
      testTimeout: limits.testTimeoutMs,
      hookTimeout: limits.hookTimeoutMs ?? 60 * SECOND_MS,
      teardownTimeout: 30 * SECOND_MS,
    },
  };
}

const MINUTE = { testTimeoutMs: 60 * SECOND_MS };
const TWO_MINUTES = { testTimeoutMs: 120 * SECOND_MS, hookTimeoutMs: 120 * SECOND_MS };
const FIVE_MINUTES = { testTimeoutMs: 300 * SECOND_MS, hookTimeoutMs: 120 * SECOND_MS };

export default defineConfig({
  test: {
    retry: 0,
    projects: [
      ...workspaces.map(unit),
      stateful('contract', ['test/contract/**/*.test.ts'], MINUTE),
      stateful('integration', ['test/integration/**/*.test.ts', BESIDE_SOURCE], MINUTE),
      stateful('e2e', ['test/e2e/**/*.test.ts'], { ...TWO_MINUTES, exclude: [TIMED] }),
      stateful('e2e-timed', [TIMED], TWO_MINUTES),
      stateful('chaos', ['test/chaos/**/*.test.ts'], { ...FIVE_MINUTES, exclude: ['test/chaos/long/**'] }),
      // Faults that only concern webhooks.
      stateful('webhooks', ['test/webhooks/**/*.test.ts'], FIVE_MINUTES),
      // Too long for every run: `npm run soak -- faults`.
      stateful('chaos-long', ['test/chaos/long/**/*.test.ts'], FIVE_MINUTES),
      stateful('leak', ['test/leak/**/*.test.ts'], FIVE_MINUTES),
    ],
  },
});
