/** `tenant …`: the commands for tenants and their options. */
import type { Env } from '@cardseal/core/config';
import type { Command } from 'commander';
import { limit, positiveNumber, retention } from '../support/arguments.ts';
import { createTenantCommand } from './create.ts';
import { listTenantsCommand, setTenantCommand } from './tenants.ts';

export function tenantCommands(program: Command, env: Env): void {
  const tenant = program.command('tenant').description('tenants, directly in the ledger');
  tenant
    .command('create <id>')
    .description('create a tenant')
    .option('--name <name>', 'display name; the id by default')
    .option('--json', 'print JSON')
    .action((id: string, options) => createTenantCommand(env, id, options));
  tenant
    .command('list')
    .description('list tenants')
    .option('--json', 'print JSON')
    .action((options) => listTenantsCommand(env, options));
  tenant
    .command('set <id>')
    .description('change a tenant; takes effect within seconds')
    .option('--name <name>', 'display name')
    .option('--weight <weight>', 'share of the quota relative to other tenants', positiveNumber)
    .option('--policy <file>', 'JSON of thresholds and verdicts, as in docs/use/checks.md; `default` for the default')
    .option(
      '--object-source <bucket/prefix...>',
      'buckets, or prefixes in buckets, from which images may be read; replaces the list',
    )
    .option('--rate <n>', 'requests per second of all keys together; `none` removes the limit', limit)
    .option('--daily <n>', 'cards per day of all keys together; `none` removes the limit', limit)
    .option('--retain-for <seconds>', 'how long jobs are kept; `none` for the default of the installation', retention)
    .option('--max-retain-for <seconds>', 'maximum for `retain_for` of a request; `none` for no maximum', retention)
    .option(
      '--webhook-target <target...>',
      'private webhook targets (CIDR, host or host:port) inside WEBHOOK_ALLOW_TARGETS; replaces the list, "" empties it',
    )
    .option('--json', 'print JSON')
    .action((id: string, options) => setTenantCommand(env, id, options));
}
