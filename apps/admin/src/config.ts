/** The settings of the admin, read from the environment once by `main.ts`. */
import { isIP } from 'node:net';
import {
  commonEnvironment,
  type Env,
  port,
  positiveInteger,
  readEnvironment,
  redisEnvironment,
  storeEnvironment,
} from '@cardseal/core/config';
import { fileProblems, relationProblems } from '@cardseal/core/preflight';
import { z } from 'zod';

const ADDRESS_BITS = { 4: 32, 6: 128 } as const;

/** Accepts an address or a CIDR range such as `10.0.0.0/8`. */
function isRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address) as 0 | 4 | 6;
  if (family === 0 || rest.length > 0) return false;
  // `/0` would trust `X-Forwarded-For` from every client.
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= ADDRESS_BITS[family]);
}

const ranges = z
  .string()
  .transform((text) => text.split(','))
  .refine((all) => all.every(isRange), 'must be addresses or CIDR ranges, with commas between several');

const schema = z.object({
  ...commonEnvironment,
  ...redisEnvironment,
  ...storeEnvironment,
  ADMIN_HOST: z.string().default('127.0.0.1'),
  ADMIN_PORT: port.default(3001),
  /** Proxies whose `X-Forwarded-For` header the admin trusts; none by default. */
  ADMIN_TRUSTED_PROXIES: ranges.optional(),
  SESSION_MINUTES: positiveInteger.default(480),
  /** How long a stop waits for requests in progress. */
  SHUTDOWN_GRACE_MS: positiveInteger.default(10_000),
});

/** Every variable that the admin reads. docs/operate/settings.md describes each. */
export const settingNames = Object.keys(schema.shape);

export type AdminConfig = z.output<typeof schema>;

/**
 * @param files also checks the files that the settings name, as a start does.
 * @throws ConfigurationError with every problem.
 */
export function readConfig(env: Env, { files = false } = {}): AdminConfig {
  return readEnvironment(schema, env, files ? [relationProblems, fileProblems] : [relationProblems]);
}
