/** `key …`: the commands for API keys and their options. Master keys and tenant keys are `keys …`. */
import type { Env } from '@cardseal/core/config';
import { SCOPES } from '@cardseal/core/ledger';
import { type Command, Option } from 'commander';
import { limit, positiveNumber, wholeNumber } from '../support/arguments.ts';
import { createKeyCommand } from './create.ts';
import { keyUsageCommand, listKeysCommand, revokeKeyCommand, setKeyCommand } from './keys.ts';

type ParseLimit = (text: string) => number | 'none';

export function keyCommands(program: Command, env: Env): void {
  const key = program.command('key').description('API keys, directly in the ledger');
  limitOptions(
    key
      .command('create <tenant>')
      .description('create an API key; its secret is shown once')
      .addOption(new Option('--scope <scope...>', 'rights of the key; all rights by default').choices(SCOPES))
      .option('--expires-in-days <days>', 'days until the key expires', positiveNumber),
    wholeNumber,
  ).action((id: string, options) => createKeyCommand(env, id, options));
  key
    .command('list <tenant>')
    .description('list the API keys of a tenant, without their secrets')
    .option('--json', 'print JSON')
    .action((id: string, options) => listKeysCommand(env, id, options));
  limitOptions(
    key
      .command('set <tenant> <key>')
      .description('change the rights or limits of a key; takes effect within two seconds. `none` removes a limit')
      .addOption(new Option('--scope <scope...>', 'rights of the key; replaces the list').choices(SCOPES)),
    limit,
  ).action((id: string, keyId: string, options) => setKeyCommand(env, id, keyId, options));
  key
    .command('usage <tenant> [key]')
    .description('show the use of keys by day')
    .option('--days <n>', 'number of days, counting today', wholeNumber, 7)
    .option('--json', 'print JSON')
    .action((id: string, keyId: string | undefined, options) => keyUsageCommand(env, id, keyId, options));
  key
    .command('revoke <tenant> <key>')
    .description('revoke an API key; takes effect within two seconds')
    .option('--json', 'print JSON')
    .action((id: string, keyId: string, options) => revokeKeyCommand(env, id, keyId, options));
}

/** @param parse accepts `none` where a limit can be removed. */
function limitOptions(command: Command, parse: ParseLimit): Command {
  return command
    .option('--requests-per-second <n>', 'limit of requests per second', parse)
    .option('--concurrency <n>', 'limit of concurrent requests', parse)
    .option('--in-queue <n>', 'limit of unfinished jobs', parse)
    .option('--cards-per-day <n>', 'limit of cards submitted per day', parse)
    .option('--json', 'print JSON');
}
