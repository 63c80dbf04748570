/** `npm run chaos`: injects random faults into a running stack with `test/chaos/chaos.ts`. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { runProgram } from './run-program.ts';
import { REPOSITORY } from './stack-options.ts';

export async function main(args: readonly string[]): Promise<number> {
  const file = path.join(REPOSITORY, 'test/chaos/chaos.ts');
  if (!existsSync(file)) throw new Error('test/chaos/chaos.ts does not exist');
  return runProgram(process.execPath, [file, ...args]);
}
