import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findDuplicates, MAX_DEPTH, MAX_STRUCTURE_CHARS, parseJson, readJson } from './index.ts';

const code = (run: () => unknown) => {
  try {
    run();
    return null;
  } catch (error) {
    return (error as { code?: string }).code ?? error;
  }
};

describe('parseJson', () => {
  it('parses what JSON.parse parses', () => {
    const any = fc.jsonValue({ maxDepth: 6 }).map((value) => JSON.stringify(value));
    fc.assert(
      fc.property(any, (text) => {
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('counts brackets in strings as no brackets, whatever is escaped around them', () => {
    const tricky = fc.string({ unit: fc.constantFrom('[', ']', '"', '\\', 'a', '\u2028'), maxLength: 300 });
    fc.assert(
      fc.property(fc.array(tricky, { maxLength: 5 }), (value) => {
        expect(parseJson(JSON.stringify(value))).toEqual(value);
      }),
    );
  });

  it.each(['[', '{"a":', '[{"x":['])('refuses %s nested too deep before it is parsed', (open) => {
    const text = open.repeat(3_000_000);
    const startedMs = performance.now();
    expect(code(() => findDuplicates(text))).toBe('malformed_body');
    expect(performance.now() - startedMs).toBeLessThan(200);
  });

  it('lets the deepest through that it says it does, and not one more', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(code(() => parseJson(nested(MAX_DEPTH)))).toBeNull();
    expect(code(() => parseJson(nested(MAX_DEPTH + 1)))).toBe('malformed_body');
  });

  it('refuses too many members, and not a long string', () => {
    expect(code(() => parseJson(JSON.stringify(new Array(MAX_STRUCTURE_CHARS).fill(0))))).toBe('malformed_body');
    expect(code(() => parseJson(JSON.stringify({ image: 'A'.repeat(50_000_000) })))).toBeNull();
  });

  it('is not slow with a string of nothing but escapes', () => {
    const text = JSON.stringify({ image: '\\"'.repeat(2_000_000) });
    const startedMs = performance.now();
    findDuplicates(text);
    expect(performance.now() - startedMs).toBeLessThan(1000);
  });

  it.each(['', '{', 'nul', '{"a":1,}', "{'a':1}", 'NaN'])('refuses %j', (text) => {
    expect(code(() => parseJson(text))).toBe('malformed_body');
  });

  it('reads bytes with a byte-order mark, and refuses bytes that are not UTF-8', () => {
    expect(readJson(Buffer.from('\ufeff{"a":1}'))).toEqual({ a: 1 });
    expect(code(() => readJson(Buffer.from('{"a":"é"}', 'latin1')))).toBe('malformed_body');
  });
});

const pointersOf = (text: string, prefix = '') => {
  try {
    parseJson(text, { prefix });
    return [];
  } catch (error) {
    const { code, errors } = error as { code: string; errors: { pointer: string; code: string }[] };
    expect(code).toBe('invalid_request');
    return errors.map((one) => `${one.code} ${one.pointer}`);
  }
};

describe('members that occur twice', () => {
  it.each([
    ['{"a":1,"a":1}', ['/a']],
    ['{"a":1,"b":{"a":2},"c":[{"a":3}]}', []],
    ['{"a":{"b":[0,{"x":"[{","x":2}]}}', ['/a/b/1/x']],
    ['{"a":1,"\\u0061":2}', ['/a']],
    ['{"a/b":1,"a/b":2,"~":3,"~":4}', ['/a~1b', '/~0']],
    ['{"":1,"":2}', ['/']],
    ['[{"a":"a","b":"a"},{"a":1,"b":2,"a":3}]', ['/1/a']],
    ['{"a":[1,2,{"b":1}],"a":2,"a":3}', ['/a', '/a']],
    [`{"a" : "\\\\",\n\t"a" : 1}`, ['/a']],
  ])('%s: %j', (text, pointers) => {
    expect(pointersOf(text)).toEqual(pointers.map((pointer) => `duplicate ${pointer}`));
  });

  it('are named with the prefix of their place, at most sixteen of them', () => {
    expect(pointersOf('{"a":1,"a":2}', '/request')).toEqual(['duplicate /request/a']);
    expect(pointersOf(`{${Array.from({ length: 100 }, () => '"a":1').join()}}`)).toHaveLength(16);
  });

  it('are found in any JSON that has them, and in none that has not', () => {
    const value = fc.jsonValue({ maxDepth: 4 });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), value, { minKeys: 1, noNullPrototype: true }), (object) => {
        fc.pre(!JSON.stringify(object).includes('__proto__'));
        const text = JSON.stringify(object);
        expect(pointersOf(text)).toEqual([]);
        const [name, member] = Object.entries(object)[0]!;
        expect(pointersOf(`${text.slice(0, -1)},${JSON.stringify(name)}:${JSON.stringify(member)}}`)).toHaveLength(1);
      }),
    );
  });

  it('cost little to look for in a body with images', () => {
    const image = 'A'.repeat(50_000_000);
    const text = JSON.stringify({ front: { image }, back: { image }, reference: 'x' });
    const startedMs = performance.now();
    expect(findDuplicates(text)).toEqual([]);
    expect(performance.now() - startedMs).toBeLessThan(500);
  });
});

describe('half of a character', () => {
  it.each([
    ['{"reference":"\\ud800"}', ['/reference']],
    ['{"metadata":{"a":["\\udc00x"]}}', ['/metadata/a/0']],
    ['{"a":"\\ud83d\\ude00 \\u0041"}', []],
  ])('%s: %j', (text, pointers) => {
    expect(pointersOf(text)).toEqual(pointers.map((pointer) => `not_unicode ${pointer}`));
  });
});
