/**
 * Runs the documented verifiers (TypeScript, Python, Java) on every vector and compares the page with the files. A missing
 * interpreter is a failure, never a skip.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { verify } from '../../docs/examples/verify.ts';
import { printHelp } from '../support/program-help.ts';
import { type VerifierCase, verifierCases } from './webhook-verifiers/cases.ts';

printHelp(import.meta.url);

const EXAMPLES = fileURLToPath(new URL('../../docs/examples/', import.meta.url));
const HARNESS = fileURLToPath(new URL('./webhook-verifiers/', import.meta.url));
const PAGE = fileURLToPath(new URL('../../docs/use/webhooks.md', import.meta.url));
const FILES = ['verify.ts', 'verify.py', 'Verify.java'];

const cases = verifierCases();

/** One result per case, in order: whether the verifier accepted it. */
const verifiers: Record<string, () => boolean[]> = {
  typescript: () => cases.map((one) => verify(one.secret, headersOf(one), one.body, one.nowS)),
  python: () => verdicts(run('python3', ['-B', join(HARNESS, 'verify_cases.py'), EXAMPLES], lines())),
  java: () => {
    const out = mkdtempSync(join(tmpdir(), 'verify-java-'));
    try {
      run('javac', ['-encoding', 'UTF-8', '-d', out, join(EXAMPLES, 'Verify.java'), join(HARNESS, 'VerifyCases.java')]);
      return verdicts(run('java', ['-cp', out, 'VerifyCases'], lines()));
    } finally {
      rmSync(out, { recursive: true });
    }
  },
};

function headersOf({ id, timestamp, signature }: VerifierCase): Record<string, string | undefined> {
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
}

function lines(): string {
  const field = (value: string | Buffer | undefined) =>
    value === undefined ? '-' : Buffer.from(value as string).toString('base64');
  return cases
    .map((one) => [one.secret, one.id, one.timestamp, one.signature, one.body, String(one.nowS)].map(field).join('\t'))
    .map((line) => `${line}\n`)
    .join('');
}

function run(command: string, args: string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { input, encoding: 'utf8', timeout: 120_000 });
  if (error) throw new Error(`${command} cannot be run; this interop test needs it on PATH`, { cause: error });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr.slice(0, 2000)}`);
  return stdout;
}

function verdicts(output: string): boolean[] {
  return output
    .trim()
    .split('\n')
    .map((line) => line === '1');
}

function check(name: string, verify: () => boolean[]): number {
  let wrong: string[];
  try {
    const accepted = verify();
    wrong = cases.flatMap((one, index) => (accepted[index] === one.genuine ? [] : [one.name]));
    if (accepted.length !== cases.length) wrong.push(`${accepted.length} results for ${cases.length} cases`);
  } catch (error) {
    wrong = [String(error)];
  }
  console.log(`${name}: ${wrong.length === 0 ? `right on all ${cases.length} cases` : `wrong: ${wrong.join('; ')}`}`);
  return wrong.length;
}

function checkPage(): number {
  const page = readFileSync(PAGE, 'utf8');
  const missing = FILES.filter((file) => !page.includes(`\n${readFileSync(join(EXAMPLES, file), 'utf8')}\`\`\``));
  console.log(`page: ${missing.length === 0 ? 'shows the examples unchanged' : `differs from ${missing.join(', ')}`}`);
  return missing.length;
}

const wrong = Object.entries(verifiers).reduce((sum, [name, verify]) => sum + check(name, verify), 0) + checkPage();
process.exitCode = wrong === 0 ? 0 : 1;
