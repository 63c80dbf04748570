/** Whole numbers in a query, as digits: what else a number can be made of (`0x10`, `1e3`, blanks) is a mistake. */
import { z } from 'zod';

export function wholeNumber(min: number, max: number) {
  const digits = z.string().regex(/^\d{1,9}$/, 'is not a whole number');
  return digits.transform(Number).pipe(z.int().min(min).max(max));
}
