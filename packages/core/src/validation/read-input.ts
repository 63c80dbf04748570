/** Validates input from outside: null members count as absent, and problems are described in plain words. */
import { z } from 'zod';
import { withoutNulls } from './absent-nulls.ts';
import { type InputProblem, problemsOf } from './problems-of.ts';
import './plain-words.ts';

export type InputResult<T> = { ok: true; value: T } | { ok: false; problems: InputProblem[] };

export function readInput<Schema extends z.ZodType>(schema: Schema, input: unknown): InputResult<z.output<Schema>> {
  const parsed = z.safeParse(schema, withoutNulls(schema, input));
  return parsed.success ? { ok: true, value: parsed.data } : { ok: false, problems: problemsOf(parsed.error) };
}
