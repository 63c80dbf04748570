/**
 * `npm test`: every check of the repository, or the projects that are named. The last line of stdout is the sum; the
 * exit code is 0 only when nothing failed.
 */

import { ensurePromtool } from './promtool-install.ts';
import { ensureRedisServer } from './redis-install.ts';
import { sumLine, sumResults } from './reports.ts';
import { REPOSITORY } from './stack-options.ts';
import { runProjects, TEST_PROJECTS, type TestProject } from './test-projects.ts';

const USAGE = `usage: npm test [-- LEVEL …]\nlevels, all by default: ${TEST_PROJECTS.join(', ')}`;

/** `args`: projects to run, all by default. */
export async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(USAGE);
    return 0;
  }
  const unknown = args.filter((name) => !(TEST_PROJECTS as readonly string[]).includes(name));
  if (unknown.length > 0) {
    console.error(`unknown: ${unknown.join(', ')}\n${USAGE}`);
    return 2;
  }
  return runAndSum(args.length === 0 ? TEST_PROJECTS : (args as readonly TestProject[]), process.env);
}

/** The sum is the last line of stdout. Returns 0 only when nothing failed. */
export async function runAndSum(projects: readonly TestProject[], env: Readonly<NodeJS.ProcessEnv>): Promise<number> {
  await ensureRedisServer((line) => console.error(line));
  // Before the tests, because a slow download would exceed their time limits. Without it they fail and say how to install it.
  if (projects.includes('contract'))
    await ensurePromtool(console.error).catch((error: Error) => console.error(error.message));
  const { results, exitCode } = await runProjects(REPOSITORY, projects, env);
  const sum = sumResults(results);
  if (exitCode !== 0 && sum.failed === 0) {
    sum.failed += 1;
    sum.failures.push(`turbo failed with exit code ${exitCode} although no task did`);
  }
  if (sum.failed > 0) console.log(`\nfailed:\n${sum.failures.map((failure) => `  ${failure}`).join('\n')}\n`);
  console.log(sumLine(sum));
  return sum.failed === 0 ? 0 : 1;
}
