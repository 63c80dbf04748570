/** Starts a worker from the environment. Nothing imports this file. */
import { ConfigurationError } from '@cardseal/core/config';
import { createWorker } from './app.ts';
import { readConfig } from './config.ts';

try {
  const worker = createWorker(readConfig(process.env));
  for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) {
    process.once(signal, () => void worker.stop().then(() => process.exit(0)));
  }
  await worker.start();
  process.send?.({ type: 'ready' });
} catch (error) {
  process.stderr.write(`cardseal-worker: ${error instanceof ConfigurationError ? error.message : error}\n`);
  process.exit(1);
}
