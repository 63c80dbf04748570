/** The API that user commands call: CARDSEAL_URL with CARDSEAL_API_KEY, else the stack that `npm start` runs. */
import { type CardsealClient, createClient } from '@cardseal/client';
import { ConfigurationError, type Env } from '@cardseal/core/config';
import { developmentStack } from '../support/development-stack.ts';

export function connect(env: Env): CardsealClient {
  return createClient(connectionOf(env));
}

/** Throws ConfigurationError that names both options. */
export function connectionOf(env: Env): { baseUrl: string; apiKey: string } {
  const { CARDSEAL_URL: baseUrl, CARDSEAL_API_KEY: apiKey } = env;
  if (baseUrl && apiKey) return { baseUrl, apiKey };
  const running = developmentStack(env);
  if (running) return { baseUrl: baseUrl ?? running.apiUrl, apiKey: apiKey ?? running.apiKey };
  throw new ConfigurationError(['CARDSEAL_URL and CARDSEAL_API_KEY: set both, or run `npm start` on this machine']);
}
