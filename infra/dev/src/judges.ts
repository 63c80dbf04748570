/** Runs every program of `test/interop`. Each one checks Cardseal against independent software. */
import path from 'node:path';
import { runEach } from './dispatch.ts';
import { REPOSITORY } from './stack-options.ts';

export function main(args: readonly string[]): Promise<number> {
  return runEach({ verb: 'judges', folder: path.join(REPOSITORY, 'test/interop') }, args);
}
