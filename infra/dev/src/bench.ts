/** `npm run bench -- <name>`: runs one benchmark of `test/bench`. */
import path from 'node:path';
import { runNamed } from './dispatch.ts';
import { REPOSITORY } from './stack-options.ts';

export function main(args: readonly string[]): Promise<number> {
  return runNamed({ verb: 'bench', folder: path.join(REPOSITORY, 'test/bench') }, args);
}
