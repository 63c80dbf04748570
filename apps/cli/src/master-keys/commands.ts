/** `keys …`: the key tree under everything that is sealed; API keys are `key …`. */
import type { Env } from '@cardseal/core/config';
import type { Command } from 'commander';
import { rotateMasterCommand, rotateTenantCommand } from './rotate.ts';
import { addMasterCommand, dropMasterCommand, statusCommand } from './status.ts';

const JSON_OPTION = ['--json', 'print JSON'] as const;

export function masterKeyCommands(program: Command, env: Env): void {
  const keys = program.command('keys').description('master and tenant keys: what wraps what, and rotation');
  keys
    .command('status')
    .description(
      'which key service is used, whether it answers, and what wraps the tenant keys; exit code 1 if it does not',
    )
    .option(...JSON_OPTION)
    .action((options) => statusCommand(env, options));
  keys
    .command('add-master')
    .description('put a new key in front of MASTER_KEY_FILE: it wraps from now on, the others still open')
    .option('--out <file>', 'write the changed file there instead; the one in use stays as it is')
    .option(...JSON_OPTION)
    .action((options) => addMasterCommand(env, options));
  keys
    .command('drop-master <name>')
    .description('take a key out of MASTER_KEY_FILE; refused while anything is wrapped with it')
    .option('--out <file>', 'write the changed file there instead; the one in use stays as it is')
    .option(...JSON_OPTION)
    .action((name: string, options) => dropMasterCommand(env, name, options));
  const rotate = keys.command('rotate').description('wrap anew while work goes on; may be stopped and run again');
  rotate
    .command('master')
    .description('wrap every tenant key with the master key that wraps now')
    .option(...JSON_OPTION)
    .action((options) => rotateMasterCommand(env, options));
  rotate
    .command('tenant <id>')
    .description("make a tenant's next key and wrap its jobs' keys with it")
    .option('--resume', 'no new key: only go on wrapping')
    .option(...JSON_OPTION)
    .action((id: string, options) => rotateTenantCommand(env, id, options));
}
