/** `keys …`: master keys and tenant keys, which encrypt all stored data. API keys are `key …`. */
import type { Env } from '@cardseal/core/config';
import type { Command } from 'commander';
import { rotateMasterCommand, rotateTenantCommand } from './rotate.ts';
import { addMasterCommand, dropMasterCommand, statusCommand } from './status.ts';

const JSON_OPTION = ['--json', 'print JSON'] as const;

export function masterKeyCommands(program: Command, env: Env): void {
  const keys = program.command('keys').description('master keys and tenant keys: status and rotation');
  keys
    .command('status')
    .description(
      'show the key service and which master keys wrap the tenant keys; exit code 1 if the service does not answer',
    )
    .option(...JSON_OPTION)
    .action((options) => statusCommand(env, options));
  keys
    .command('add-master')
    .description('add a new first key to MASTER_KEY_FILE: it wraps from now on, and the others still unwrap')
    .option('--out <file>', 'write the result to this file instead, and leave the file in use unchanged')
    .option(...JSON_OPTION)
    .action((options) => addMasterCommand(env, options));
  keys
    .command('drop-master <name>')
    .description('remove a key from MASTER_KEY_FILE; refused while it wraps a tenant key')
    .option('--out <file>', 'write the result to this file instead, and leave the file in use unchanged')
    .option(...JSON_OPTION)
    .action((name: string, options) => dropMasterCommand(env, name, options));
  const rotate = keys.command('rotate').description('rewrap keys while Cardseal runs; may be stopped and repeated');
  rotate
    .command('master')
    .description('rewrap every tenant key with the current master key')
    .option(...JSON_OPTION)
    .action((options) => rotateMasterCommand(env, options));
  rotate
    .command('tenant <id>')
    .description("create a tenant's next key and rewrap the keys of its jobs with it")
    .option('--resume', 'continue rewrapping without a new key')
    .option(...JSON_OPTION)
    .action((id: string, options) => rotateTenantCommand(env, id, options));
}
