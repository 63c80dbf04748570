/**
 * Turns environment variables into frozen, grouped configuration. Every problem of a start is reported at once;
 * nothing outside an app's `main.ts` reads `process.env`.
 */
import { z } from 'zod';
import { problemsOf } from '../validation/index.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** All that is wrong with the environment, one line per problem. */
export class ConfigurationError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the environment is not usable:\n${problems.map((p) => `  - ${p}`).join('\n')}`);
    this.name = 'ConfigurationError';
    this.problems = problems;
  }
}

/** Parses `env` by `schema`; empty strings count as absent. Throws {@link ConfigurationError} with every problem. */
export function readEnvironment<Schema extends z.ZodType>(schema: Schema, env: Env): z.output<Schema> {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = schema.safeParse(present);
  if (parsed.success) return Object.freeze(parsed.data) as z.output<Schema>;
  throw new ConfigurationError(
    problemsOf(parsed.error).map(({ path, text }) => `${path.join('.') || 'environment'}: ${text}`),
  );
}

export const flag = z.enum(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1');
export const port = z.coerce.number().int().min(0).max(65_535);
export const positiveInteger = z.coerce.number().int().positive();
