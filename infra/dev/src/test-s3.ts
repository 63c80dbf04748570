/**
 * `npm run test:s3`: the object-store contract and the end-to-end tests against a real S3. `test/s3/main.ts` brings
 * one up where it exists; otherwise `S3_ENDPOINT` must name one.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { runProgram } from './dispatch.ts';
import { REPOSITORY } from './stack-options.ts';
import { main as runTests } from './test.ts';

export async function main(args: readonly string[]): Promise<number> {
  const program = path.join(REPOSITORY, 'test/s3/main.ts');
  if (existsSync(program)) return runProgram(program, args);
  if (!process.env.S3_ENDPOINT) throw new Error('S3_ENDPOINT must name the S3 to test against');
  return runTests(['contract', 'e2e']);
}
