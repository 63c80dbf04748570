/** The response of `GET /v1/usage`. */
import { z } from 'zod';
import { wholeNumber } from '../../http/json/whole-number.ts';

export const usageQuery = z.strictObject({
  days: wholeNumber(1, 92).default(7).meta({ description: 'So many days, today included.' }),
});

export const usageSchema = z
  .object({
    data: z.array(
      z.object({
        day: z.iso.date().meta({ description: 'From midnight in Shanghai.' }),
        key_id: z.string(),
        requests: z.int(),
        cards: z.int().meta({ description: 'Accepted; a repeat is no further card.' }),
        refused: z.int().meta({ description: 'Answered 429.' }),
      }),
    ),
    next_cursor: z.null(),
  })
  .meta({ id: 'Usage', description: 'Newest day first. Other processes may be a minute behind.' });
