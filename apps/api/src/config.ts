/** The settings of the API. `main.ts` reads them once. */
import {
  commonEnvironment,
  type Env,
  httpUrl,
  port,
  positiveInteger,
  readEnvironment,
  redisEnvironment,
  type SettingsCheck,
  storeEnvironment,
  webhookEnvironment,
} from '@cardseal/core/config';
import { fileProblems, publicUrlProblems, relationProblems } from '@cardseal/core/preflight';
import { z } from 'zod';

const origins = z
  .string()
  .transform((text) => text.split(',').map((one) => one.trim()))
  .refine(
    (list) => (list.length === 1 && list[0] === '*') || list.every(isOrigin),
    'must be *, or origins such as https://kyc.bank.example with commas between them (no path, no trailing slash)',
  );

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return (url?.protocol === 'https:' || url?.protocol === 'http:') && url.origin === text;
}

const schema = z.object({
  ...commonEnvironment,
  ...redisEnvironment,
  ...storeEnvironment,
  ...webhookEnvironment,
  API_HOST: z.string().default('127.0.0.1'),
  API_PORT: port.default(3000),
  REQUEST_TIMEOUT_MS: positiveInteger.default(30_000),
  /** As long as a signed upload URL is valid. */
  UPLOAD_TIMEOUT_MS: positiveInteger.default(900_000),
  BATCH_TIMEOUT_MS: positiveInteger.default(3_600_000),
  BODY_IDLE_TIMEOUT_MS: positiveInteger.default(15_000),
  BODY_MIN_BYTES_PER_SECOND: positiveInteger.default(500),
  /** Default: derived from the memory limit of the container. */
  BODY_MEMORY_MB: positiveInteger.optional(),
  SHUTDOWN_DELAY_MS: z.coerce.number().int().min(0).default(0),
  SHUTDOWN_GRACE_MS: positiveInteger.default(25_000),
  /** Tests only: a folder whose files, named after failpoints, say what happens there. */
  FAILPOINTS_DIR: z.string().optional(),
  PUBLIC_URL: httpUrl.optional(),
  /** Web pages that may send images to signed URLs: `*`, or origins with commas between them. */
  UPLOAD_ORIGINS: origins.default([]),
});

/** Every variable that is read; docs/operate/settings.md names each. */
export const settingNames = Object.keys(schema.shape);

export type ApiConfig = z.output<typeof schema>;

const checks: SettingsCheck<typeof schema>[] = [
  relationProblems,
  publicUrlProblems,
  ({ CARDSEAL_ENV, FAILPOINTS_DIR }) =>
    CARDSEAL_ENV === 'production' && FAILPOINTS_DIR !== undefined
      ? ['FAILPOINTS_DIR: is for tests only; remove it']
      : [],
  ({ CARDSEAL_ENV, UPLOAD_ORIGINS }) =>
    CARDSEAL_ENV === 'production' && UPLOAD_ORIGINS?.some((origin) => origin.startsWith('http:'))
      ? ['UPLOAD_ORIGINS: names an http:// origin; production allows https:// only']
      : [],
];

/**
 * @param files also checks the files that settings name, as a start does.
 * @throws ConfigurationError with every problem.
 */
export function readConfig(env: Env, { files = false } = {}): ApiConfig {
  return readEnvironment(schema, env, files ? [...checks, fileProblems] : checks);
}
