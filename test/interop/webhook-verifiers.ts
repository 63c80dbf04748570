/**
 * Runs the verifiers that the docs offer, in TypeScript, Python and Java, on every vector, and holds the page against
 * the files. Part of `npm run judges`; a missing interpreter is a failure, never a skip.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { verify } from '../../docs/examples/verify.ts';
import { type VerifierCase, verifierCases } from './webhook-verifiers/cases.ts';

const EXAMPLES = fileURLToPath(new URL('../../docs/examples/', import.meta.url));
const HARNESS = fileURLToPath(new URL('./webhook-verifiers/', import.meta.url));
const PAGE = fileURLToPath(new URL('../../docs/use/webhooks.md', import.meta.url));
const FILES = ['verify.ts', 'verify.py', 'Verify.java'];

const cases = verifierCases();

/** One believed-or-not per case, in order. */
const judges: Record<string, () => boolean[]> = {
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
  if (error) throw new Error(`${command} cannot be run; this judge needs it on PATH`, { cause: error });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr.slice(0, 2000)}`);
  return stdout;
}

function verdicts(output: string): boolean[] {
  return output
    .trim()
    .split('\n')
    .map((line) => line === '1');
}

function judge(name: string, verify: () => boolean[]): number {
  let wrong: string[];
  try {
    const believed = verify();
    wrong = cases.flatMap((one, index) => (believed[index] === one.genuine ? [] : [one.name]));
    if (believed.length !== cases.length) wrong.push(`${believed.length} answers to ${cases.length} cases`);
  } catch (error) {
    wrong = [String(error)];
  }
  console.log(`${name}: ${wrong.length === 0 ? `right on all ${cases.length} cases` : `wrong: ${wrong.join('; ')}`}`);
  return wrong.length;
}

function judgePage(): number {
  const page = readFileSync(PAGE, 'utf8');
  const missing = FILES.filter((file) => !page.includes(`\n${readFileSync(join(EXAMPLES, file), 'utf8')}\`\`\``));
  console.log(
    `page: ${missing.length === 0 ? 'shows the examples as they are' : `differs from ${missing.join(', ')}`}`,
  );
  return missing.length;
}

const wrong = Object.entries(judges).reduce((sum, [name, verify]) => sum + judge(name, verify), 0) + judgePage();
process.exitCode = wrong === 0 ? 0 : 1;
