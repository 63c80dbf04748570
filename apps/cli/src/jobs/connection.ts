/** Which API the user's commands speak to: CARDSEAL_URL and CARDSEAL_API_KEY, else the stack that `npm start` runs. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type CardsealClient, createClient } from '@cardseal/client';
import { ConfigurationError, type Env } from '@cardseal/core/config';

export function connect(env: Env): CardsealClient {
  return createClient(connectionOf(env));
}

/** Throws ConfigurationError that names both ways. */
export function connectionOf(env: Env): { baseUrl: string; apiKey: string } {
  const { CARDSEAL_URL: baseUrl, CARDSEAL_API_KEY: apiKey } = env;
  if (baseUrl && apiKey) return { baseUrl, apiKey };
  const running = developmentStack(env);
  if (running) return { baseUrl: baseUrl ?? running.apiUrl, apiKey: apiKey ?? running.apiKey };
  throw new ConfigurationError(['CARDSEAL_URL and CARDSEAL_API_KEY: set both, or run `npm start` on this machine']);
}

function developmentStack(env: Env): { apiUrl: string; apiKey: string } | null {
  const file = path.join(fromCaller(env, env.CARDSEAL_DATA_DIR || '.cardseal'), 'dev.json');
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as { apiUrl: string; apiKey: string };
  } catch {
    return null;
  }
}

/** Paths are meant from where the user stands; npm runs scripts in the root and keeps that place in INIT_CWD. */
export function fromCaller(env: Env, file: string): string {
  return path.resolve(env.INIT_CWD ?? process.cwd(), file);
}
