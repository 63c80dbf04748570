/** `cardseal <command>`: data on stdout, progress and errors on stderr, exit code 1 on failure and 2 on wrong usage. */

import { CardsealError } from '@cardseal/base/errors';
import { ConnectionError, ProblemError } from '@cardseal/client';
import { ConfigurationError } from '@cardseal/core/config';
import { describeTrouble } from '@cardseal/core/preflight';
import { CommanderError } from 'commander';
import { createProgram } from './program.ts';
import { adoptDevelopmentStack } from './support/development-stack.ts';

try {
  await createProgram(process.env, useDevelopmentStack).parseAsync(process.argv);
} catch (error) {
  // Commander has already printed help and usage errors.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    process.stderr.write(`cardseal: ${describe(error)}\n`);
    process.exitCode = 1;
  }
}

/** Names the stack on stderr, so that the operator knows what the command changes. */
function useDevelopmentStack(): void {
  const file = adoptDevelopmentStack(process.env);
  if (file !== null) process.stderr.write(`using the stack of ${file}\n`);
}

function describe(error: unknown): string {
  if (error instanceof ConfigurationError) return error.message;
  if (error instanceof CardsealError) return describeTrouble(error, process.env) ?? error.code;
  if (error instanceof ProblemError) {
    const reasons = error.errors.map(({ pointer, detail }) => `\n  ${pointer}: ${detail}`).join('');
    return `${error.message}${reasons}${error.requestId ? ` (${error.requestId})` : ''}`;
  }
  if (error instanceof ConnectionError) return `${error.message}: check CARDSEAL_URL and whether the API runs`;
  return error instanceof Error ? error.message : String(error);
}
