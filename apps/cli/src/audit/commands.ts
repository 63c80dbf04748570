/** `audit …`: the commands for the audit log and their options. */
import type { Env } from '@cardseal/core/config';
import type { Command } from 'commander';
import { exportAuditCommand, verifyAuditCommand } from './audit.ts';

export function auditCommands(program: Command, env: Env): void {
  const audit = program.command('audit').description('audit log of operators, directly from the ledger');
  audit
    .command('verify')
    .description('verify the hash chain; JSON on stdout, exit code 1 when it is broken')
    .option('--head <number:hash>', 'an entry noted earlier; proves that no later entry was removed since')
    .action((options) => verifyAuditCommand(env, options));
  audit
    .command('export')
    .description('print every entry as NDJSON, newest first')
    .action(() => exportAuditCommand(env));
}
