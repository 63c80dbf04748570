/** `npm run soak -- <name>`: one full-length run of a check that `npm test` samples, by name. */
import path from 'node:path';
import { runNamed } from './dispatch.ts';
import { REPOSITORY } from './stack-options.ts';

export function main(args: readonly string[]): Promise<number> {
  return runNamed({ verb: 'soak', folder: path.join(REPOSITORY, 'test/soak') }, args);
}
