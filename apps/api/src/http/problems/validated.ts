/** Validates a body or a query, and describes every problem in plain words. */
import { readInput, sentenceOf } from '@cardseal/core/validation';
import type { z } from 'zod';
import { pointerToken } from '../json/pointer.ts';
import { Problem } from './problem.ts';

/** More would not help the reader: a list of 64 KiB can have a problem in each of 30,000 entries. */
const MAX_ERRORS = 50;

/**
 * @param prefix in front of every JSON pointer.
 * @throws Problem `invalid_request`
 */
export function validated<Schema extends z.ZodType>(schema: Schema, input: unknown, prefix = ''): z.output<Schema> {
  const read = readInput(schema, input);
  if (read.ok) return read.value;
  const errors = read.problems.slice(0, MAX_ERRORS).map(({ path, code, text }) => ({
    pointer: prefix + path.map(pointerToken).join(''),
    code,
    detail: sentenceOf(text),
  }));
  throw new Problem('invalid_request', undefined, { errors });
}
