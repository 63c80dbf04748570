/** Starts the admin from the environment. Nothing imports this file. */

import { runApp } from '@cardseal/core/lifetime';
import { describeTrouble } from '@cardseal/core/preflight';
import { createAdminApp } from './app.ts';
import { readConfig } from './config.ts';

await runApp(
  'cardseal-admin',
  () => createAdminApp(readConfig(process.env, { files: true })),
  (error) => describeTrouble(error, process.env),
);
