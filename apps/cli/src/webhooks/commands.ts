/** The commands for developers of webhook consumers. */
import type { Env } from '@cardseal/core/config';
import { EVENT_TYPES } from '@cardseal/core/ledger';
import { type Command, Option } from 'commander';
import type { ListenOptions } from './listen-command.ts';

export function webhookCommands(program: Command, env: Env): void {
  program
    .command('listen')
    .description('receive, verify, print and forward events; for development')
    .option('--forward <url>', 'URL to which each event is forwarded unchanged')
    .addOption(new Option('--events <type...>', 'only events of these types').choices(EVENT_TYPES))
    .addOption(
      new Option('--payload <mode>', 'content of the events').choices(['full', 'reference']).default('reference'),
    )
    .option('--json', 'print whole events, one per line')
    .action(async (options: ListenOptions) => {
      const { listenCommand } = await import('./listen-command.ts');
      await listenCommand(env, options);
    });

  program
    .command('webhook-check <url>')
    .description('send valid and invalid webhooks to a consumer in test mode; CARDSEAL_WEBHOOK_SECRET is its secret')
    .option('--json', 'print JSON')
    .action(async (url: string, options: { json?: boolean }) => {
      const { webhookCheckCommand } = await import('./check-command.ts');
      await webhookCheckCommand(env, url, options);
    });
}
