/** Integers in a query, written with digits only. Other number formats (`0x10`, `1e3`, blanks) are mistakes. */
import { z } from 'zod';

export function wholeNumber(min: number, max: number) {
  const digits = z.string().regex(/^\d{1,9}$/, 'is not a whole number');
  return digits.transform(Number).pipe(z.int().min(min).max(max));
}
