/** `admin …`: manages the operators who log in to the admin. */
import type { Env } from '@cardseal/core/config';
import { type Command, Option } from 'commander';
import { createAdminCommand, listAdminsCommand, removeAdminCommand, setAdminCommand } from './operators.ts';

const ROLES = ['viewer', 'operator', 'owner'];

export function adminCommands(program: Command, env: Env): void {
  const admin = program.command('admin').description('operators of the admin, directly in the ledger');
  admin
    .command('create <user>')
    .description('create an operator; the password is read from stdin')
    .addOption(new Option('--role <role>', 'the rights of the operator').choices(ROLES).default('operator'))
    .action((user: string, options) => createAdminCommand(env, user, options));
  admin
    .command('list')
    .description('list operators and their roles')
    .option('--json', 'print JSON')
    .action((options) => listAdminsCommand(env, options));
  admin
    .command('set <user>')
    .description('change an operator; their sessions end within ten seconds')
    .addOption(new Option('--role <role>', 'the rights of the operator').choices(ROLES))
    .option('--password', 'read a new password from stdin')
    .action((user: string, options) => setAdminCommand(env, user, options));
  admin
    .command('remove <user>')
    .description('remove an operator; their sessions end within ten seconds')
    .action((user: string) => removeAdminCommand(env, user));
}
