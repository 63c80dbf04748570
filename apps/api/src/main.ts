/** Starts the API from the environment. Nothing imports this file. */
import { ConfigurationError } from '@cardseal/core/config';
import { createApi } from './app.ts';
import { readConfig } from './config.ts';

try {
  const api = createApi(readConfig(process.env));
  for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) {
    process.once(signal, () => void api.stop().then(() => process.exit(0)));
  }
  const { port } = await api.start();
  process.send?.({ type: 'ready', port });
} catch (error) {
  process.stderr.write(`cardseal-api: ${error instanceof ConfigurationError ? error.message : error}\n`);
  process.exit(1);
}
