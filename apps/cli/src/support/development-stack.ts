/**
 * Finds the stack that `npm start` runs on this machine, by its `dev.json`. Commands for users take the API from there,
 * commands for operators the ledger and Redis. Settings of the environment have priority.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Env } from '@cardseal/core/config';

export interface DevelopmentStack {
  file: string;
  apiUrl: string;
  apiKey: string;
  redisUrl: string;
  s3: { endpoint: string; region: string; bucket: string; accessKeyId: string; secretAccessKey: string };
}

/** If one of these is set, the command works on the installation that it names, not on the stack of `npm start`. */
const INSTALLATION_SETTINGS = ['S3_BUCKET', 'S3_ENDPOINT', 'MASTER_KEY_FILE', 'KMS_KEY_ID'] as const;

/** Removed from the environment, because they would direct the AWS SDK or Redis to another installation. */
const FOREIGN_SETTINGS = [
  'AWS_PROFILE',
  'AWS_SESSION_TOKEN',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_S3',
  'REDIS_CLUSTER_NODES',
  'REDIS_SENTINELS',
  'S3_KEYS_BUCKET',
] as const;

/** Returns null when no stack runs. */
export function developmentStack(env: Env): DevelopmentStack | null {
  for (const folder of dataFolders(env)) {
    const file = path.join(folder, 'dev.json');
    try {
      return { ...(JSON.parse(readFileSync(file, 'utf8')) as Omit<DevelopmentStack, 'file'>), file };
    } catch {}
  }
  return null;
}

/** A relative folder is relative to the user's folder, or to the repository root, where the launcher runs. */
function dataFolders(env: Env): string[] {
  const folder = env.CARDSEAL_DATA_DIR || '.cardseal';
  return [...new Set([fromCaller(env, folder), path.resolve(folder)])];
}

/** Resolves a path from the user's folder. npm runs scripts in the root and passes the user's folder in INIT_CWD. */
export function fromCaller(env: Env, file: string): string {
  return path.resolve(env.INIT_CWD ?? process.cwd(), file);
}

/**
 * Writes the settings of the running stack into `env`, unless `env` names an installation or production. It changes
 * `env` itself, because the AWS SDK reads its credentials there. Returns the path of the `dev.json`, or null.
 */
export function adoptDevelopmentStack(env: Record<string, string | undefined>): string | null {
  if (env.CARDSEAL_ENV === 'production' || INSTALLATION_SETTINGS.some((name) => env[name])) return null;
  const stack = developmentStack(env);
  if (!stack) return null;
  for (const name of FOREIGN_SETTINGS) delete env[name];
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = stack.s3;
  Object.assign(env, {
    CARDSEAL_ENV: 'dev',
    S3_ENDPOINT: endpoint,
    S3_REGION: region,
    S3_BUCKET: bucket,
    S3_FORCE_PATH_STYLE: 'true',
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    MASTER_KEY_FILE: path.join(path.dirname(stack.file), 'master.key'),
    REDIS_URL: stack.redisUrl,
  });
  return stack.file;
}
