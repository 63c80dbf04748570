import { ConfigurationError } from '@cardseal/core/config';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { readConfig, settingNames } from '../../config.ts';
import { operations } from '../../openapi/index.ts';
import type { Problem } from './problem.ts';
import { validated } from './validated.ts';

/** What zod's own texts begin with or contain. */
const ZOD_PHRASE =
  /invalid (input|option|string|key|value|element|url|iso|date)|expected|received|too (big|small)|unrecognized|\bnan\b|undefined/i;

const schemas = operations.flatMap(({ id, body = [], query }) => [
  ...body.flatMap(({ schema, example }) => (schema ? [[`${id}: body`, schema, example] as const] : [])),
  ...(query ? [[`${id}: query`, query, {}] as const] : []),
]);

function errorsOf(schema: z.ZodType, input: unknown) {
  try {
    validated(schema, input);
    return [];
  } catch (error) {
    return (error as Problem).errors ?? [];
  }
}

/** Names of members at every depth of a schema, so that wrong values get deep. */
function namesOf(schema: z.ZodType): string[] {
  const text = JSON.stringify(schema.toJSONSchema({ unrepresentable: 'any', io: 'input' }));
  return [...text.matchAll(/"([a-z_]+)":\{/g)].map(([, name]) => name!);
}

describe('problems with a request', () => {
  it.each(schemas)('%s: are sentences without a phrase of zod', (_id, schema, example) => {
    const names = namesOf(schema);
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom<unknown>('', 'x', 'x'.repeat(5000), 0, -1, 1.5, 1e10, true, null, [], {}, Number.NaN),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...names, 'x'), tie('value'), { maxKeys: 6 }),
      ),
    }));
    const changed = fc.dictionary(fc.constantFrom(...names, 'x'), value, { maxKeys: 3 });
    const input = fc.oneof(
      value,
      changed.map((change) => ({ ...(example as object), ...change })),
    );
    fc.assert(
      fc.property(input, (one) => {
        for (const { pointer, detail } of errorsOf(schema, one)) {
          expect(detail).not.toMatch(ZOD_PHRASE);
          expect(detail).toMatch(/^[A-Z].*\.$/);
          expect(pointer).toMatch(/^(\/|$)/);
        }
      }),
    );
  });
});

describe('problems with the settings of the API', () => {
  it('have no phrase of zod, whatever is wrong', () => {
    const wrong = fc.constantFrom('x', '-1', 'NaN', 'http://', '{', ' ', ',');
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...settingNames), wrong), (env) => {
        try {
          readConfig(env);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigurationError);
          for (const line of (error as ConfigurationError).problems) expect(line).not.toMatch(ZOD_PHRASE);
        }
      }),
    );
  });
});

it('a body with a problem in each of many members gets an ordinary response', () => {
  const many = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`member${n}`, 1]));
  for (const [, schema] of schemas.filter(([name]) => name.endsWith(': body'))) {
    expect(errorsOf(schema, many).length).toBeLessThanOrEqual(50);
  }
});
