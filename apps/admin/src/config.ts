/** The admin's environment, read once by `main.ts`. */
import {
  commonEnvironment,
  type Env,
  port,
  positiveInteger,
  readEnvironment,
  redisEnvironment,
  storeEnvironment,
} from '@cardseal/core/config';
import { z } from 'zod';

const schema = z.object({
  ...commonEnvironment,
  ...redisEnvironment,
  ...storeEnvironment,
  ADMIN_HOST: z.string().default('127.0.0.1'),
  ADMIN_PORT: port.default(3001),
  SESSION_MINUTES: positiveInteger.default(480),
});

/** Every variable that is read; docs/concepts.md names each. */
export const settingNames = Object.keys(schema.shape);

export type AdminConfig = z.output<typeof schema>;

export function readConfig(env: Env): AdminConfig {
  return readEnvironment(schema, env);
}
