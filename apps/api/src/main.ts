/** Starts the API from the environment. Nothing imports this file. */

import { runApp } from '@cardseal/core/lifetime';
import { describeTrouble } from '@cardseal/core/preflight';
import { createApi } from './app.ts';
import { readConfig } from './config.ts';

await runApp(
  'cardseal-api',
  () => createApi(readConfig(process.env, { files: true })),
  (error) => describeTrouble(error, process.env),
);
