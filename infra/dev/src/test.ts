/**
 * `npm test`: runs every check of the repository, the named projects, or the test files that match a path or pattern.
 * The last line of stdout is the sum; the exit code is 0 only if nothing failed.
 */
import { parseArgs } from 'node:util';
import { ensurePromtool } from './promtool-install.ts';
import { ensureRedisServer } from './redis-install.ts';
import { type ProjectResult, sumLine, sumResults } from './reports.ts';
import { REPOSITORY } from './stack-options.ts';
import { listTestFiles, matchFiles, runFiles, type TestFile } from './test-files.ts';
import { runProjects, TEST_PROJECTS, type TestProject } from './test-projects.ts';
import { timeTable } from './test-times.ts';

const USAGE = `\
usage: npm test [-- NAME … [-t PATTERN]]
NAME is a project, or selects test files by path, folder, glob or part of a path. Without a NAME every project runs.
  projects       ${TEST_PROJECTS.join(', ')}
  -t PATTERN     only tests of the selected files whose name matches PATTERN
  for example    npm test -- unit · npm test -- packages/webhook · npm test -- 'test/e2e/c*' · npm test -- retry`;

interface Selection {
  projects: TestProject[];
  files: TestFile[];
  /** Only tests whose name matches this pattern. */
  testName: string | undefined;
}

export async function main(args: readonly string[]): Promise<number> {
  const selection = select(args);
  if (typeof selection === 'number') return selection;
  const { projects, files, testName } = selection;
  if (files.length > 0) console.log(describe(files));
  return runAndSum(args.length === 0 ? TEST_PROJECTS : projects, process.env, files, testName);
}

/** Reads the arguments. Prints the help or the problem and returns an exit code if there is nothing to run. */
function select(args: readonly string[]): Selection | number {
  const { values, positionals } = parse(args);
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const isProject = (name: string): name is TestProject => (TEST_PROJECTS as readonly string[]).includes(name);
  const patterns = positionals.filter((name) => !isProject(name));
  const matches = patterns.length === 0 ? [] : matchFiles(patterns, listTestFiles(REPOSITORY));
  const unknown = matches.filter(({ files }) => files.length === 0).map(({ pattern }) => pattern);
  if (unknown.length > 0) console.error(`no project and no test file matches: ${unknown.join(', ')}\n${USAGE}`);
  const files = [...new Map(matches.flatMap((match) => match.files).map((file) => [file.path, file])).values()];
  if (unknown.length > 0) return 2;
  if (values['test-name'] !== undefined && files.length === 0) {
    console.error(`-t needs a path or a pattern\n${USAGE}`);
    return 2;
  }
  return { projects: positionals.filter(isProject), files, testName: values['test-name'] };
}

function parse(args: readonly string[]) {
  const options = { help: { type: 'boolean', short: 'h' }, 'test-name': { type: 'string', short: 't' } } as const;
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${USAGE}`);
  }
}

function describe(files: readonly TestFile[]): string {
  const shown = files.slice(0, 10).map(({ path }) => `  ${path}`);
  const more = files.length > shown.length ? [`  and ${files.length - shown.length} more`] : [];
  return [`running ${files.length} test file${files.length === 1 ? '' : 's'}:`, ...shown, ...more].join('\n');
}

/** Prints where the time went and, as the last line of stdout, the sum. Returns 0 only if nothing failed. */
export async function runAndSum(
  projects: readonly TestProject[],
  env: Readonly<NodeJS.ProcessEnv>,
  files: readonly TestFile[] = [],
  testName?: string,
): Promise<number> {
  await ensureTools(projects, files);
  const turbo = projects.length > 0 ? await runProjects(REPOSITORY, projects, env) : { results: [], exitCode: 0 };
  const results = [...turbo.results, ...(await runFiles(REPOSITORY, files, env, testName))];
  const sum = sumResults(results);
  if (turbo.exitCode !== 0 && sum.failed === 0) {
    sum.failed += 1;
    sum.failures.push(`turbo failed with exit code ${turbo.exitCode} although no task did`);
  }
  printSum(results, sum);
  return sum.failed === 0 ? 0 : 1;
}

function printSum(results: readonly ProjectResult[], sum: ReturnType<typeof sumResults>): void {
  console.log(`\n${timeTable(results, REPOSITORY)}\n`);
  if (sum.failed > 0) console.log(`failed:\n${sum.failures.map((failure) => `  ${failure}`).join('\n')}\n`);
  console.log(sumLine(sum));
}

/** Installs programs before the tests, because a slow download would exceed the time limit of a test. */
async function ensureTools(projects: readonly TestProject[], files: readonly TestFile[]): Promise<void> {
  if (files.length > 0 || projects.some((name) => name !== 'types' && name !== 'lint')) {
    await ensureRedisServer(console.error);
  }
  if (!projects.includes('contract') && !files.some(({ project }) => project === 'contract')) return;
  // Without promtool the tests of the alert rules fail, and their message says how to install it.
  await ensurePromtool(console.error).catch((error: Error) => console.error(error.message));
}
