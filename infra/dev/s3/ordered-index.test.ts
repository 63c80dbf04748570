import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterPrefix, fromIndexKey, OrderedIndex, toIndexKey } from './ordered-index.ts';

const step = fc.record({ kind: fc.constantFrom('set', 'delete'), key: fc.string({ maxLength: 2 }) });

describe('OrderedIndex', () => {
  it('returns the same as a sorted map for random sets and deletes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.string({ maxLength: 3 }), (steps, probe) => {
        const index = new OrderedIndex<number>();
        const model = new Map<string, number>();
        steps.forEach(({ kind, key }, position) => {
          if (kind === 'set') index.set(key, position);
          else expect(index.delete(key)).toBe(model.has(key));
          if (kind === 'set') model.set(key, position);
          else model.delete(key);
        });
        const above = [...model.keys()].filter((key) => key >= probe).sort((a, b) => (a < b ? -1 : 1));
        expect(index.size).toBe(model.size);
        expect(index.get(probe)).toBe(model.get(probe));
        expect(index.ceiling(probe)).toBe(above[0]);
      }),
    );
  });

  it('keeps its order across block splits for ascending, descending and mixed inserts', () => {
    const keys = Array.from({ length: 5000 }, (_, n) => String(n).padStart(5, '0'));
    const mixed = keys.map((_, n) => keys[(n * 1777) % keys.length] as string);
    for (const order of [keys, keys.toReversed(), mixed]) {
      const index = new OrderedIndex<string>();
      for (const key of order) index.set(key, key);
      expect(walk(index)).toEqual(keys);
    }
  });

  it('loads entries in any order', () => {
    const index = new OrderedIndex<number>();
    index.load([
      ['b', 2],
      ['a', 1],
      ['c', 3],
    ]);
    expect([walk(index), index.get('b'), index.size]).toEqual([['a', 'b', 'c'], 2, 3]);
  });
});

/** Characters of every UTF-8 length, also near the surrogates, where UTF-16 and UTF-8 sort differently. */
const character = fc.constantFrom(
  '\0',
  '/',
  'a',
  '\x7f',
  'é',
  '\u07ff',
  '证',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\u{10000}',
  '\u{20bb7}',
  '\u{10ffff}',
);
const text = fc.string({ unit: character, maxLength: 6 });

describe('index keys', () => {
  it('sort like their UTF-8 bytes and convert back without loss', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const byBytes = Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)));
        const byIndex = toIndexKey(a) < toIndexKey(b) ? -1 : toIndexKey(a) > toIndexKey(b) ? 1 : 0;
        expect(byIndex).toBe(byBytes);
        expect(fromIndexKey(toIndexKey(a))).toBe(a);
      }),
    );
  });

  it('afterPrefix is the lowest string above everything that starts with the prefix', () => {
    expect([afterPrefix('a/'), afterPrefix('a\xff'), afterPrefix('\xff'), afterPrefix('')]).toEqual([
      'a0',
      'b',
      undefined,
      undefined,
    ]);
  });
});

function walk(index: OrderedIndex<unknown>): string[] {
  const seen: string[] = [];
  for (let key = index.ceiling(''); key !== undefined; key = index.ceiling(`${key}\0`)) seen.push(key);
  return seen;
}
