import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, withoutDefaults } from './canonical.ts';

describe('canonicalJson', () => {
  it('is equal for objects that differ in the order of members only, at any depth', () => {
    const reversed = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(reversed);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([name, member]) => [name, reversed(member)]),
      );
    };
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('distinguishes lists in another order and values of another type', () => {
    expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]));
    expect(canonicalJson({ a: '1' })).not.toBe(canonicalJson({ a: 1 }));
    expect(canonicalJson({ a: undefined })).toBe(canonicalJson({}));
  });
});

describe('withoutDefaults', () => {
  it('leaves what differs, inside of objects as well', () => {
    const defaults = { a: 1, inner: { b: true, c: false }, list: [], none: null };
    expect(withoutDefaults({ ...defaults }, defaults)).toEqual({});
    const value = { a: 2, inner: { c: true, b: true }, list: [1], none: null };
    expect(withoutDefaults(value, defaults)).toEqual({ a: 2, inner: { c: true }, list: [1] });
    expect(withoutDefaults({ inner: {}, more: 1 }, defaults)).toEqual({ inner: {}, more: 1 });
  });
});
