/** Validates a body or a query, and says in plain words what is wrong with it. */
import { readInput, sentenceOf } from '@cardseal/core/validation';
import type { z } from 'zod';
import { pointerToken } from '../json/pointer.ts';
import { Problem } from './problem.ts';

/**
 * @param prefix in front of every JSON pointer.
 * @throws Problem `invalid_request`
 */
export function validated<Schema extends z.ZodType>(schema: Schema, input: unknown, prefix = ''): z.output<Schema> {
  const read = readInput(schema, input);
  if (read.ok) return read.value;
  const errors = read.problems.map(({ path, code, text }) => ({
    pointer: prefix + path.map(pointerToken).join(''),
    code,
    detail: sentenceOf(text),
  }));
  throw new Problem('invalid_request', undefined, { errors });
}
