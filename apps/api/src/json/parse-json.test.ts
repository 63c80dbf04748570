import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkStructure, MAX_DEPTH, MAX_STRUCTURE_CHARS, parseJson } from './parse-json.ts';

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
    expect(code(() => checkStructure(text))).toBe('malformed_body');
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
    checkStructure(text);
    expect(performance.now() - startedMs).toBeLessThan(1000);
  });

  it.each(['', '{', 'nul', '{"a":1,}', "{'a':1}", '\ufeff{}', 'NaN'])('refuses %j', (text) => {
    expect(code(() => parseJson(text))).toBe('malformed_body');
  });
});
