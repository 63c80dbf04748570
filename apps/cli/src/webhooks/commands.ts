/** The commands for those who receive webhooks. */
import type { Env } from '@cardseal/core/config';
import { EVENT_TYPES } from '@cardseal/core/ledger';
import { type Command, Option } from 'commander';
import type { ListenOptions } from './listen-command.ts';

export function webhookCommands(program: Command, env: Env): void {
  program
    .command('listen')
    .description('print events as they come, verified, and forward them; for development')
    .option('--forward <url>', 'where to send each event, unchanged')
    .addOption(new Option('--events <type...>', 'only these').choices(EVENT_TYPES))
    .addOption(new Option('--payload <mode>', 'what events hold').choices(['full', 'reference']).default('reference'))
    .option('--json', 'print whole events, one per line')
    .action(async (options: ListenOptions) => {
      const { listenCommand } = await import('./listen-command.ts');
      await listenCommand(env, options);
    });

  program
    .command('webhook-check <url>')
    .description('fire good and bad webhooks at a consumer in test mode; CARDSEAL_WEBHOOK_SECRET is its secret')
    .option('--json', 'print JSON')
    .action(async (url: string, options: { json?: boolean }) => {
      const { webhookCheckCommand } = await import('./check-command.ts');
      await webhookCheckCommand(env, url, options);
    });
}
