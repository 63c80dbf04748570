import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readInput, sentenceOf } from './index.ts';

/** What zod's own texts begin with or contain. */
const ZOD_PHRASE =
  /invalid (input|option|string|key|value|element|url|iso|uuid|email|base64)|expected|received|too (big|small)|unrecognized/i;

const textsOf = (schema: z.ZodType, input: unknown) => {
  const result = readInput(schema, input);
  return result.ok ? [] : result.problems.map(({ path, text }) => `${path.join('/')}: ${text}`);
};

describe('plain words', () => {
  it.each([
    [z.string(), undefined, 'is missing; it must be text'],
    [z.string(), 5, 'must be text'],
    [z.string().min(1), '', 'is empty'],
    [z.string().min(3), 'ab', 'must have at least 3 characters'],
    [z.string().max(1), 'ab', 'must have at most 1 character'],
    [z.int(), 1.5, 'must be a whole number'],
    [z.coerce.number(), 'x', 'must be a number'],
    [z.number().min(2), 1, 'must be at least 2'],
    [z.number().positive(), 0, 'must be more than 0'],
    [z.number().lt(2), 2, 'must be less than 2'],
    [z.enum(['a', 'b']), 'c', 'must be one of a, b'],
    [z.enum(['a', 'b']), undefined, 'is missing; it must be one of a, b'],
    [z.literal('x'), 'y', 'must be x'],
    [z.url(), 'nope', 'must be a URL, such as https://host.example/path'],
    [z.iso.datetime(), 'today', 'must be a date and time with a zone, such as 2026-01-31T12:00:00Z'],
    [z.string().regex(/^a$/), 'b', 'has a form that is not allowed'],
    [z.string().startsWith('a'), 'b', 'must start with a'],
    [z.array(z.string()).max(1), ['a', 'b'], 'must have at most 1 entry'],
    [z.record(z.string().max(1), z.string()), { ab: '' }, 'ab: has a member whose name must have at most 1 character'],
    [z.string().refine(() => false), 'a', 'is not allowed'],
    [z.union([z.string(), z.number()]), true, 'has none of the forms that are allowed here'],
  ])('%#', (schema, input, text) => {
    const [first] = textsOf(schema, input);
    expect(first).toBe(text.includes(': ') ? text : `: ${text}`);
  });

  it('has no phrase of zod for any schema and any input', () => {
    const schema = z.strictObject({
      text: z.string().min(1).max(3),
      url: z.url(),
      at: z.iso.datetime(),
      n: z.int().min(1).max(9),
      half: z.number().multipleOf(0.5).gt(0),
      kind: z.enum(['a', 'b']),
      list: z.array(z.boolean()).min(1).max(2),
      names: z.record(z.string().max(2), z.string().max(2)),
      source: z.union([z.strictObject({ image: z.string() }), z.strictObject({ id: z.string() })]),
      one: z.discriminatedUnion('type', [z.object({ type: z.literal('x') }), z.object({ type: z.literal('y') })]),
    });
    const member = fc.oneof(fc.jsonValue(), fc.constant(undefined));
    const input = fc.oneof(
      fc.jsonValue(),
      fc.record(Object.fromEntries(Object.keys(schema.shape).map((name) => [name, member])), { requiredKeys: [] }),
    );
    fc.assert(
      fc.property(input, (value) => {
        for (const text of textsOf(schema, value).map((line) => line.split(': ').slice(1).join(': '))) {
          expect(text).not.toMatch(ZOD_PHRASE);
        }
      }),
    );
  });

  it('names the form of a union that the members belong to', () => {
    const whole = 'A source is one of these.';
    // Zod takes the only form whose members are all valid, and reports the others as unknown.
    const form = (shape: z.ZodRawShape) =>
      z.strictObject(shape, { error: ({ code }) => (code === 'unrecognized_keys' ? whole : undefined) });
    const object = z.strictObject({ bucket: z.string(), key: z.string() });
    const source = z.union([form({ image: z.string() }), form({ object })], { error: whole });
    expect(textsOf(source, { image: 1 })).toEqual(['image: This must be text. A source is one of these.']);
    expect(textsOf(source, { object: { bucket: 'b' } })).toEqual([
      'object/key: This is missing; it must be text. A source is one of these.',
    ]);
    for (const input of [{}, { url: 'x' }, 5, undefined]) {
      expect(textsOf(source, input)).toEqual([': A source is one of these.']);
    }
    expect(textsOf(source, { image: 'a', object: {} })).toEqual(['object: A source is one of these.']);
  });

  it('makes sentences of predicates', () => {
    expect(sentenceOf('must be text')).toBe('This must be text.');
    expect(sentenceOf('There is no such field.')).toBe('There is no such field.');
  });
});

describe('null', () => {
  const schema = z.strictObject({
    a: z.string().optional(),
    b: z.string().default('x'),
    c: z.string().nullable().optional(),
    inner: z.strictObject({ d: z.boolean().default(true) }).prefault({}),
    entries: z.record(z.string(), z.string()).default({}),
    list: z.array(z.strictObject({ e: z.int().optional() })).default([]),
    source: z.union([z.strictObject({ f: z.string() }), z.strictObject({ g: z.string() })]).optional(),
  });

  it('is absent for every member, at every depth, unless the member takes null', () => {
    const nulls = { a: null, b: null, c: null, inner: { d: null }, entries: { k: null }, list: [{ e: null }] };
    expect(readInput(schema, { ...nulls, source: { f: 'f', g: null } })).toEqual({
      ok: true,
      value: { b: 'x', c: null, inner: { d: true }, entries: {}, list: [{}], source: { f: 'f' } },
    });
    expect(readInput(schema, { inner: null, entries: null, list: null, source: null })).toMatchObject({ ok: true });
  });

  it('does not make a required or an unknown member good', () => {
    expect(textsOf(z.strictObject({ a: z.string() }), { a: null, z: null })).toEqual([
      'a: is missing; it must be text',
      'z: There is no such field.',
    ]);
    expect(textsOf(z.strictObject({ list: z.array(z.string()) }), { list: [null] })).toEqual(['list/0: must be text']);
  });
});
