/** `npm run chaos`: random faults against the stack; the program is `test/fault/chaos.ts`. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { runProgram } from './run-program.ts';
import { REPOSITORY } from './stack-options.ts';

export async function main(args: readonly string[]): Promise<number> {
  const file = path.join(REPOSITORY, 'test/fault/chaos.ts');
  if (!existsSync(file)) throw new Error('test/fault/chaos.ts does not exist');
  return runProgram(process.execPath, [file, ...args]);
}
