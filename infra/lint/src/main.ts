/**
 * `npm run lint`: runs every check, or the named one, and prints name, result and time of each. The exit code is 0 only
 * when no check has a finding.
 */
import { CHECKS, type Check } from './checks.ts';
import { REPOSITORY } from './repository.ts';

const USAGE = `usage: npm run lint [-- CHECK [PATH …]]
${CHECKS.map(({ name, refuses }) => `  ${name.padEnd(10)} refuses ${refuses}`).join('\n')}`;

/** `args`: nothing, or a check and the paths that it reads. */
export async function main(args: readonly string[]): Promise<number> {
  const [name, ...paths] = args.filter((arg) => arg !== '--');
  if (name === '--help' || name === '-h') {
    console.log(USAGE);
    return 0;
  }
  const checks = name === undefined ? CHECKS : CHECKS.filter((check) => check.name === name);
  if (checks.length === 0) {
    console.error(`unknown check: ${name}\n${USAGE}`);
    return 2;
  }
  return runChecks(checks, REPOSITORY, paths, console.log);
}

/** The checks run at the same time; a result is printed as soon as it is known. */
export async function runChecks(
  checks: readonly Check[],
  root: string,
  paths: readonly string[],
  print: (line: string) => void,
): Promise<number> {
  const results = await Promise.all(checks.map((check) => runCheck(check, root, paths, print)));
  const failed = checks.filter((_, index) => results[index] === false).map(({ name }) => name);
  print(
    failed.length === 0
      ? `lint: ${checks.length} of ${checks.length} checks passed`
      : `lint: failed: ${failed.join(', ')}`,
  );
  return failed.length === 0 ? 0 : 1;
}

async function runCheck(check: Check, root: string, paths: readonly string[], print: (line: string) => void) {
  const startedAt = performance.now();
  const findings = await check.run(root, paths).catch((error: Error) => [`the check itself failed: ${error.message}`]);
  const seconds = `${((performance.now() - startedAt) / 1_000).toFixed(1)} s`;
  if (findings.length === 0) {
    print(`ok      ${check.name.padEnd(10)} ${seconds}`);
    return true;
  }
  print(
    `${findings.join('\n')}\nFAILED  ${check.name.padEnd(10)} ${seconds}, findings: ${findings.length}; to fix: ${check.fix}`,
  );
  return false;
}
