import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeToken, encodeToken, type Listing, listNames } from './listing.ts';
import { OrderedIndex } from './ordered-index.ts';

const key = fc.string({ unit: fc.constantFrom('a', 'b', '/', '-', 'é'), minLength: 1, maxLength: 6 });
const query = fc.record({
  prefix: fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 2 }),
  delimiter: fc.constantFrom('', '/', 'b/'),
  after: fc.oneof(fc.constant(''), key),
  limit: fc.integer({ min: 1, max: 5 }),
});

/** The same listing in the simplest form: take every key, cut it at the delimiter, drop repetitions. */
function lines(
  keys: string[],
  { prefix, delimiter, after }: { prefix: string; delimiter: string; after: string },
): string[] {
  const shown = keys
    .filter((name) => name.startsWith(prefix) && name > after)
    .map((name) => {
      const end = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length);
      return end === -1 ? name : `${name.slice(0, end + delimiter.length)} …`;
    });
  return [...new Set(shown)];
}

const shown = (listing: Listing) => [...listing.keys, ...listing.commonPrefixes.map((prefix) => `${prefix} …`)];

describe('listNames', () => {
  it('lists page by page exactly what a plain scan of all keys lists', () => {
    fc.assert(
      fc.property(fc.uniqueArray(key, { maxLength: 60 }), query, (keys, asked) => {
        const index = new OrderedIndex<undefined>();
        for (const name of keys) index.set(name, undefined);
        const all: string[] = [];
        let resume: Listing['next'];
        do {
          const page = listNames(index, { ...asked, ...(resume && { resume: decodeToken(encodeToken(resume)) }) });
          expect(shown(page).length).toBeLessThanOrEqual(asked.limit);
          if (page.next) expect(shown(page)).toHaveLength(asked.limit);
          all.push(...shown(page));
          resume = page.next;
        } while (resume);
        expect(all.toSorted()).toEqual(lines(keys.toSorted(), asked).toSorted());
        expect(new Set(all).size).toBe(all.length);
      }),
    );
  });

  it('refuses an invalid token', () => {
    expect(() => decodeToken('nonsense')).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
  });
});
