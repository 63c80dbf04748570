/**
 * Turns environment variables into frozen, grouped configuration. A start reports every problem at once; nothing
 * outside an app's `main.ts` reads `process.env`.
 */
import { z } from 'zod';
import { problemsOf } from '../validation/index.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** All problems of the settings, one line for each: the variable, the file if there is one, and what to do. */
export class ConfigurationError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the settings cannot be used:\n${problems.map((p) => `  - ${p}`).join('\n')}`);
    this.name = 'ConfigurationError';
    this.problems = problems;
  }
}

/** Checks a relation between settings, or between a setting and its file. A setting that is invalid by itself is absent. */
export type SettingsCheck<Schema extends z.ZodObject> = (
  settings: Partial<z.output<Schema>>,
  env: Env,
) => readonly string[];

/**
 * Parses `env` by `schema`; empty strings count as absent. Runs every check even when single settings are wrong.
 * @throws ConfigurationError with every problem.
 */
export function readEnvironment<Schema extends z.ZodObject>(
  schema: Schema,
  env: Env,
  checks: readonly SettingsCheck<Schema>[] = [],
): z.output<Schema> {
  const present = presentOf(env);
  const parsed = schema.safeParse(present);
  const settings = parsed.success ? parsed.data : usableOf(schema, present);
  const own = parsed.success ? [] : problemsOf(parsed.error).map(({ path, text }) => `${path.join('.')}: ${text}`);
  const problems = [...own, ...checks.flatMap((check) => check(settings as Partial<z.output<Schema>>, present))];
  if (problems.length > 0) throw new ConfigurationError([...new Set(problems)]);
  return Object.freeze(settings) as z.output<Schema>;
}

const PROXY_NAMES = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'];

/** Without empty strings. Proxies are often named in lower case; the upper-case name wins. */
function presentOf(env: Env): Env {
  const lower = PROXY_NAMES.map((name) => [name, env[name] || env[name.toLowerCase()]] as const);
  return Object.fromEntries(
    [...Object.entries(env), ...lower].filter(([, value]) => value !== undefined && value !== ''),
  );
}

/** The settings that are valid by themselves. */
function usableOf(schema: z.ZodObject, present: Env): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(schema.shape).flatMap(([name, field]) => {
      const parsed = z.safeParse(field, present[name]);
      return parsed.success ? [[name, parsed.data]] : [];
    }),
  );
}

/** Returns the problems of a ConfigurationError that `work` throws. Any other error passes through. */
export function problemsFrom(work: () => unknown): readonly string[] {
  try {
    work();
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

export const flag = z.enum(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1');
export const port = z.coerce.number().int().min(0).max(65_535);
export const positiveInteger = z.coerce.number().int().positive();
