/** Reads the pool file: the credentials and their limits. */
import { ConfigurationError, readSecretFile } from '@cardseal/core/config';
import { problemsOf } from '@cardseal/core/validation';
import { z } from 'zod';

const credentialSchema = z
  .strictObject({
    id: z
      .string()
      .regex(
        /^[a-z0-9][a-z0-9-]{0,39}$/,
        'must be 1 to 40 lower-case letters, digits or -, and start with a letter or digit',
      ),
    provider: z.enum(['baidu-idcard-enc', 'baidu-idcard-aes']),
    api_key: z.string().min(1),
    secret_key: z.string().min(1),
    aes_key: z
      .string()
      .regex(/^[0-9a-f]{16}$/i, 'must be 16 hex characters')
      .optional(),
    qps: z.int().min(1).max(10_000),
    daily: z.int().positive().optional(),
  })
  .refine((value) => value.provider !== 'baidu-idcard-aes' || value.aes_key !== undefined, {
    path: ['aes_key'],
    message: 'is needed by baidu-idcard-aes',
  });

const poolSchema = z
  .array(credentialSchema)
  .min(1)
  .refine((pool) => new Set(pool.map(({ id }) => id)).size === pool.length, 'ids must differ');

export type Credential = z.output<typeof credentialSchema>;

/** `[1, 'qps']` → "entry 2", "qps". */
function placeOf([entry, ...members]: readonly (string | number)[]): string[] {
  if (entry === undefined) return [];
  return [`entry ${Number(entry) + 1}`, ...(members.length > 0 ? [members.join('.')] : [])];
}

/** Throws ConfigurationError with every problem of the file, and none of its content. */
export function readCredentials(path: string): Credential[] {
  const content = readSecretFile('BAIDU_CREDENTIALS_FILE', path);
  let json: unknown;
  try {
    json = JSON.parse(content.toString());
  } catch {
    throw new ConfigurationError([`BAIDU_CREDENTIALS_FILE: the file ${path} is not JSON`]);
  }
  const parsed = poolSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = problemsOf(parsed.error).map(({ path: at, text }) => [...placeOf(at), text].join(': '));
  throw new ConfigurationError(problems.map((problem) => `BAIDU_CREDENTIALS_FILE: in ${path}: ${problem}`));
}
