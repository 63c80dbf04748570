/** `npm run bench -- <name>`: one benchmark of `test/bench`, by name. */
import path from 'node:path';
import { runNamed } from './dispatch.ts';
import { REPOSITORY } from './stack-options.ts';

export function main(args: readonly string[]): Promise<number> {
  return runNamed({ verb: 'bench', folder: path.join(REPOSITORY, 'test/bench') }, args);
}
