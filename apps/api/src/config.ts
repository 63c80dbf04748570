/** The API's environment, read once by `main.ts`. */
import {
  ConfigurationError,
  commonEnvironment,
  type Env,
  port,
  positiveInteger,
  productionProblems,
  readEnvironment,
  redisEnvironment,
  storeEnvironment,
} from '@cardseal/core/config';
import { z } from 'zod';

const schema = z.object({
  ...commonEnvironment,
  ...redisEnvironment,
  ...storeEnvironment,
  API_HOST: z.string().default('127.0.0.1'),
  API_PORT: port.default(3000),
  REQUEST_TIMEOUT_MS: positiveInteger.default(30_000),
  /** Tests only: a folder in which files named after failpoints say what is to happen there. */
  FAILPOINTS_DIR: z.string().optional(),
  PUBLIC_URL: z.url().optional(),
});

/** Every variable that is read; docs/concepts.md names each. */
export const settingNames = Object.keys(schema.shape);

export type ApiConfig = z.output<typeof schema>;

export function readConfig(env: Env): ApiConfig {
  const config = readEnvironment(schema, env);
  const problems = productionProblems(config);
  if (config.CARDSEAL_ENV === 'production' && config.FAILPOINTS_DIR !== undefined)
    problems.push('FAILPOINTS_DIR: is for tests only');
  if (problems.length > 0) throw new ConfigurationError(problems);
  return config;
}
