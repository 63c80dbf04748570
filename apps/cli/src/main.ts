/** `cardseal <command>`: data on stdout, progress and errors on stderr, exit code 1 on failure and 2 on misuse. */
import { ConfigurationError } from '@cardseal/core/config';
import { CardsealError } from '@cardseal/core/errors';
import { createProgram } from './program.ts';

try {
  await createProgram(process.env).parseAsync(process.argv);
} catch (error) {
  process.stderr.write(`cardseal: ${describe(error)}\n`);
  process.exitCode = 1;
}

function describe(error: unknown): string {
  if (error instanceof ConfigurationError) return error.message;
  if (error instanceof CardsealError) return error.code;
  return error instanceof Error ? error.message : String(error);
}
