/** Assembles the CLI from the commands of its folders. Only operator commands read the ledger or Redis directly. */
import type { Env } from '@cardseal/core/config';
import { Command, Option } from 'commander';
import { keyCommands } from './api-keys/commands.ts';
import { auditCommands } from './audit/commands.ts';
import { CHECKED_ROLES, configCheckCommand } from './config/check.ts';
import { doctorCommands } from './doctor/commands.ts';
import { jobCommands } from './jobs/commands.ts';
import { masterKeyCommands } from './master-keys/commands.ts';
import { adminCommands } from './operators/commands.ts';
import { verifyReceiptCommand } from './receipts/verify.ts';
import { tenantCommands } from './tenants/commands.ts';
import { webhookCommands } from './webhooks/commands.ts';

/** Commands that open the ledger; `doctor` also opens Redis. */
const OPERATOR_COMMANDS: ReadonlySet<string> = new Set(['doctor', 'tenant', 'key', 'keys', 'admin', 'audit']);

/** @param prepareOperator runs before each operator command. */
export function createProgram(env: Env, prepareOperator: () => void = () => {}): Command {
  const program = new Command('cardseal').description('command line of Cardseal').showHelpAfterError();
  program.hook('preAction', (_program, command) => {
    let top = command;
    while (top.parent && top.parent !== program) top = top.parent;
    if (OPERATOR_COMMANDS.has(top.name())) prepareOperator();
  });
  // Subcommands inherit this: they throw instead of ending the process, so that `main.ts` sets exit code 2.
  program.configureHelp({ sortSubcommands: true }).exitOverride();

  specimenCommand(program);
  receiptCommands(program);
  configCommands(program, env);
  doctorCommands(program, env);
  tenantCommands(program, env);
  keyCommands(program, env);
  adminCommands(program, env);
  masterKeyCommands(program, env);
  auditCommands(program, env);
  jobCommands(program, env);
  webhookCommands(program, env);
  return program;
}

function specimenCommand(program: Command): void {
  program
    .command('specimen')
    .description('write specimen cards and their expected results')
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .action(async (_options, command: Command) => {
      const { runSpecimenCommand } = await import('@cardseal/emulator/cards');
      process.exitCode = await runSpecimenCommand(command.args);
    });
}

function receiptCommands(program: Command): void {
  program
    .command('receipt')
    .description('erasure receipts')
    .command('verify <file>')
    .description("verify an erasure receipt offline; the file holds the API's response or the JWS")
    .option('--public-key <file>', 'a trusted JWK to verify with, instead of the one in the file')
    .option('--json', 'print JSON')
    .action((file: string, options) => verifyReceiptCommand(file, options));
}

function configCommands(program: Command, env: Env): void {
  program
    .command('config')
    .description('settings of the environment')
    .command('check')
    .description('list all problems of the settings and their files; exit code 1 when there is one')
    .addOption(new Option('--role <role...>', 'roles to check; all roles by default').choices(CHECKED_ROLES))
    .option('--json', 'print JSON')
    .action((options) => configCheckCommand(env, options));
}
