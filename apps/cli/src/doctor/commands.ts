/** `doctor …`: the commands that compare ledger and queues, and their options. */
import type { Env } from '@cardseal/core/config';
import type { Command } from 'commander';
import { doctorCommand, manifestCommand } from './command.ts';

export function doctorCommands(program: Command, env: Env): void {
  const doctor = program
    .command('doctor')
    .description('compare the ledger with the queues; exit code 1 when they disagree')
    .option('--fix', 'queue what is missing and remove what is stale')
    .option('--strict', 'exit code 1 also when the infrastructure does not meet docs/operate/deployment.md')
    .option('--hours <n>', 'hours for which lists are compared with outcomes', Number, 24)
    .option('--json', 'print JSON')
    .action((options) => doctorCommand(env, options));
  doctor
    .command('manifest')
    .description('show the daily reconciliation report of accepted and finished jobs; exit code 1 when it disagrees')
    .option('--tenant <id>', 'one tenant; all tenants by default')
    .option('--day <day>', 'YYYY-MM-DD in Shanghai; the last complete day by default')
    .option('--make', 'make a new report')
    .option('--json', 'print JSON')
    .action((_options, command: Command) => manifestCommand(env, command.optsWithGlobals()));
}
