/** Starts the admin from the environment. Nothing imports this file. */
import { ConfigurationError } from '@cardseal/core/config';
import { createAdminApp } from './app.ts';
import { readConfig } from './config.ts';

try {
  const admin = createAdminApp(readConfig(process.env));
  for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) {
    process.once(signal, () => void admin.stop().then(() => process.exit(0)));
  }
  const { port } = await admin.start();
  process.send?.({ type: 'ready', port });
} catch (error) {
  process.stderr.write(`cardseal-admin: ${error instanceof ConfigurationError ? error.message : error}\n`);
  process.exit(1);
}
