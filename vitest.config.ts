/**
 * One project per level of test. Unit tests stand beside their source and share nothing; the others start servers and
 * run one file at a time. Nothing is ever run a second time to make it green.
 */
import { defineConfig } from 'vitest/config';

const SECOND_MS = 1_000;
/** Folders of `test/` that are no level of their own; what stands beside their programs is a unit test. */
const UNIT_FOLDERS = 'bench,interop,model,soak,support';

function stateful(name: string, testTimeoutMs: number, hookTimeoutMs = 60 * SECOND_MS, folder = name) {
  return {
    test: {
      name,
      include: [`test/${folder}/**/*.test.ts`],
      exclude: folder.endsWith('/long') ? [] : ['test/*/long/**'],
      fileParallelism: false,
      testTimeout: testTimeoutMs,
      hookTimeout: hookTimeoutMs,
      teardownTimeout: 30 * SECOND_MS,
    },
  };
}

export default defineConfig({
  test: {
    retry: 0,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{apps,packages}/*/src/**/*.test.ts', 'infra/**/*.test.ts', `test/{${UNIT_FOLDERS}}/**/*.test.ts`],
          // Some explore thousands of histories, beside others, on whatever machine there is.
          testTimeout: 60 * SECOND_MS,
        },
      },
      stateful('contract', 60 * SECOND_MS),
      stateful('integration', 60 * SECOND_MS),
      stateful('e2e', 120 * SECOND_MS, 120 * SECOND_MS),
      stateful('chaos', 300 * SECOND_MS, 120 * SECOND_MS),
      // The faults that are webhooks' own.
      stateful('webhooks', 300 * SECOND_MS, 120 * SECOND_MS),
      // Too long for every run: `npm run soak -- faults`.
      stateful('chaos-long', 300 * SECOND_MS, 120 * SECOND_MS, 'chaos/long'),
      stateful('leak', 300 * SECOND_MS, 120 * SECOND_MS),
    ],
  },
});
