/** The commands of the CLI and their options; what they do is in a file each. */
import type { Env } from '@cardseal/core/config';
import { SCOPES } from '@cardseal/core/ledger';
import { Command, Option } from 'commander';
import { createAdminCommand, createKeyCommand, createTenantCommand } from './provision.ts';

export function createProgram(env: Env): Command {
  const program = new Command('cardseal').description('Cardseal from the command line').showHelpAfterError();
  program.configureHelp({ sortSubcommands: true });

  program
    .command('specimen')
    .description('write specimen cards and what is to be expected of them')
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .action(async (_options, command: Command) => {
      const { runSpecimenCommand } = await import('@cardseal/emulator/cards');
      process.exitCode = await runSpecimenCommand(command.args);
    });

  const tenant = program.command('tenant').description('tenants, straight in the ledger');
  tenant
    .command('create <id>')
    .description('create a tenant')
    .option('--name <name>', 'a name for people; the id by default')
    .option('--json', 'print JSON')
    .action((id: string, options) => createTenantCommand(env, id, options));

  const key = program.command('key').description('API keys, straight in the ledger');
  key
    .command('create <tenant>')
    .description('create an API key; it is shown once')
    .addOption(new Option('--scope <scope...>', 'what the key may do; everything by default').choices(SCOPES))
    .option('--expires-in-days <days>', 'end of its life', Number)
    .option('--json', 'print JSON')
    .action((id: string, options) => createKeyCommand(env, id, options));

  const admin = program.command('admin').description('operators, straight in the ledger');
  admin
    .command('create <user>')
    .description('create an operator; the password is read from stdin')
    .addOption(
      new Option('--role <role>', 'what they may do').choices(['viewer', 'operator', 'owner']).default('operator'),
    )
    .action((user: string, options) => createAdminCommand(env, user, options));

  return program;
}
