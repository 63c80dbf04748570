/** Starts the worker from the environment. No other file imports this one. */

import { runApp } from '@cardseal/core/lifetime';
import { describeTrouble } from '@cardseal/core/preflight';
import { createWorker } from './app.ts';
import { readConfig } from './config.ts';

await runApp(
  'cardseal-worker',
  () => createWorker(readConfig(process.env, { files: true })),
  (error) => describeTrouble(error, process.env),
);
