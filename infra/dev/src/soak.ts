/** `npm run soak -- <name>`: runs one check at full length that `npm test` only samples. */
import path from 'node:path';
import { runNamed } from './dispatch.ts';
import { REPOSITORY } from './stack-options.ts';

export function main(args: readonly string[]): Promise<number> {
  return runNamed({ verb: 'soak', folder: path.join(REPOSITORY, 'test/soak') }, args);
}
