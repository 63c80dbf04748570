/** The commands of the CLI and their options; what they do is in a file each. */
import type { Env } from '@cardseal/core/config';
import { SCOPES } from '@cardseal/core/ledger';
import { Command, Option } from 'commander';
import { adminCommands } from './admins/commands.ts';
import { exportAuditCommand, verifyAuditCommand } from './audit.ts';
import { CHECKED_ROLES, configCheckCommand } from './config-check.ts';
import { doctorCommand, manifestCommand } from './doctor/command.ts';
import { jobCommands } from './jobs/commands.ts';
import { keyUsageCommand, listKeysCommand, revokeKeyCommand, setKeyCommand } from './keys.ts';
import { masterKeyCommands } from './master-keys/commands.ts';
import { limit, positiveNumber, retention, wholeNumber } from './numbers.ts';
import { createKeyCommand, createTenantCommand } from './provision.ts';
import { verifyReceiptCommand } from './receipts.ts';
import { listTenantsCommand, setTenantCommand } from './tenants.ts';
import { webhookCommands } from './webhooks/commands.ts';

/** They work on the ledger itself, and doctor on Redis too. */
const OPERATORS_COMMANDS: ReadonlySet<string> = new Set(['doctor', 'tenant', 'key', 'keys', 'admin', 'audit']);

/** @param prepareOperator runs before each command that works on the ledger itself. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: a list of commands; each action is one call.
export function createProgram(env: Env, prepareOperator: () => void = () => {}): Command {
  const program = new Command('cardseal').description('Cardseal from the command line').showHelpAfterError();
  program.hook('preAction', (_program, command) => {
    let top = command;
    while (top.parent && top.parent !== program) top = top.parent;
    if (OPERATORS_COMMANDS.has(top.name())) prepareOperator();
  });
  // Subcommands made from here on throw instead of ending the process: misuse is exit code 2.
  program.configureHelp({ sortSubcommands: true }).exitOverride();

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

  const doctor = program
    .command('doctor')
    .description('compare the ledger with the queue; exit code 1 when they disagree')
    .option('--fix', 'put back what is missing, take away what is stale')
    .option('--strict', 'exit code 1 also when something beneath is not as docs/operate/deployment.md asks')
    .option('--hours <n>', 'how far back lists are compared with outcomes', Number, 24)
    .option('--json', 'print JSON')
    .action((options) => doctorCommand(env, options));
  doctor
    .command('manifest')
    .description("a day's books: what was accepted and what became of it; exit code 1 when they disagree")
    .option('--tenant <id>', 'all tenants unless given')
    .option('--day <day>', 'YYYY-MM-DD in Shanghai; the last day that is over unless given')
    .option('--make', 'balance the books anew')
    .option('--json', 'print JSON')
    .action((_options, command: Command) => manifestCommand(env, command.optsWithGlobals()));

  program
    .command('receipt')
    .description('erasure receipts')
    .command('verify <file>')
    .description("verify an erasure receipt offline: the API's answer, or the JWS alone")
    .option('--public-key <file>', 'the JWK to verify with, known from elsewhere')
    .option('--json', 'print JSON')
    .action((file: string, options) => verifyReceiptCommand(file, options));

  program
    .command('config')
    .description('the settings of the environment')
    .command('check')
    .description('every problem of the settings and their files at once; exit code 1 when there is one')
    .addOption(new Option('--role <role...>', 'whose settings; all roles unless given').choices(CHECKED_ROLES))
    .option('--json', 'print JSON')
    .action((options) => configCheckCommand(env, options));

  const tenant = program.command('tenant').description('tenants, straight in the ledger');
  tenant
    .command('create <id>')
    .description('create a tenant')
    .option('--name <name>', 'a name for people; the id by default')
    .option('--json', 'print JSON')
    .action((id: string, options) => createTenantCommand(env, id, options));
  tenant
    .command('list')
    .description('list tenants')
    .option('--json', 'print JSON')
    .action((options) => listTenantsCommand(env, options));
  tenant
    .command('set <id>')
    .description('change a tenant; takes hold within seconds')
    .option('--name <name>', 'a name for people')
    .option('--weight <weight>', 'share of the quota beside other tenants', positiveNumber)
    .option('--policy <file>', 'JSON of thresholds and verdicts, as in docs/use/checks.md; `default` for the default')
    .option(
      '--object-source <bucket/prefix...>',
      'where images may be read from: a bucket, or a path in it and all below; replaces the list',
    )
    .option('--rate <n>', 'requests a second of all keys together; `none` takes the cap away', limit)
    .option('--daily <n>', 'cards a day of all keys together; `none` takes the cap away', limit)
    .option('--retain-for <seconds>', 'how long jobs are kept; `none` for as long as the installation does', retention)
    .option('--max-retain-for <seconds>', 'no request may keep a job longer; `none` for no maximum', retention)
    .option(
      '--webhook-target <target...>',
      'private webhook targets (CIDR, host or host:port) inside WEBHOOK_ALLOW_TARGETS; replaces the list, "" empties it',
    )
    .option('--json', 'print JSON')
    .action((id: string, options) => setTenantCommand(env, id, options));

  const key = program.command('key').description('API keys, straight in the ledger');
  key
    .command('create <tenant>')
    .description('create an API key; it is shown once')
    .addOption(new Option('--scope <scope...>', 'what the key may do; everything by default').choices(SCOPES))
    .option('--expires-in-days <days>', 'end of its life', positiveNumber)
    .option('--requests-per-second <n>', 'limit', wholeNumber)
    .option('--concurrency <n>', 'limit of requests open at once', wholeNumber)
    .option('--in-queue <n>', 'limit of unfinished jobs', wholeNumber)
    .option('--cards-per-day <n>', 'limit of cards submitted a day', wholeNumber)
    .option('--json', 'print JSON')
    .action((id: string, options) => createKeyCommand(env, id, options));
  key
    .command('list <tenant>')
    .description('list the API keys of a tenant, without their secrets')
    .option('--json', 'print JSON')
    .action((id: string, options) => listKeysCommand(env, id, options));
  key
    .command('set <tenant> <key>')
    .description('change what a key may do; takes hold within two seconds. `none` takes a limit away')
    .addOption(new Option('--scope <scope...>', 'what the key may do; replaces the list').choices(SCOPES))
    .option('--requests-per-second <n>', 'limit', limit)
    .option('--concurrency <n>', 'limit of requests open at once', limit)
    .option('--in-queue <n>', 'limit of unfinished jobs', limit)
    .option('--cards-per-day <n>', 'limit of cards submitted a day', limit)
    .option('--json', 'print JSON')
    .action((id: string, keyId: string, options) => setKeyCommand(env, id, keyId, options));
  key
    .command('usage <tenant> [key]')
    .description('what keys were used for, by day')
    .option('--days <n>', 'so many, today included', wholeNumber, 7)
    .option('--json', 'print JSON')
    .action((id: string, keyId: string | undefined, options) => keyUsageCommand(env, id, keyId, options));
  key
    .command('revoke <tenant> <key>')
    .description('revoke an API key; takes hold within two seconds')
    .option('--json', 'print JSON')
    .action((id: string, keyId: string, options) => revokeKeyCommand(env, id, keyId, options));

  adminCommands(program, env);
  masterKeyCommands(program, env);
  const audit = program.command('audit').description("the operators' audit log, straight from the ledger");
  audit
    .command('verify')
    .description('check the chain of hashes; JSON on stdout, exit code 1 where it does not hold')
    .option('--head <number:hash>', 'an entry noted down earlier: shows that nothing was cut off since')
    .action((options) => verifyAuditCommand(env, options));
  audit
    .command('export')
    .description('every entry as NDJSON, newest first')
    .action(() => exportAuditCommand(env));

  jobCommands(program, env);
  webhookCommands(program, env);
  return program;
}
