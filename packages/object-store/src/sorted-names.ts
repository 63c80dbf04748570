/**
 * The names of the store in memory, in UTF-8 byte order. They are sorted when somebody lists, not when one is written:
 * a run of writes costs nothing, a list after few writes little, and both stay quick with a million names.
 */

export interface SortedNames {
  /** A name that was not there. Names that go are not told: they are asked for. */
  add(name: string): void;
  /** At most `limit` names under `prefix` and strictly behind `startAfter`. */
  under(prefix: string, startAfter: string, limit: number): string[];
}

/** More new names than this are sorted in together; fewer are put in their places one by one. */
const FEW = 32;
/** Names that are gone stay in the list until a look has passed this many of them. */
const MANY_GONE = 1000;

export function sortedNames(exists: (name: string) => boolean): SortedNames {
  let sorted: string[] = [];
  let fresh: string[] = [];

  /** A name that went and came back is in the list already. */
  function insert(name: string): void {
    const at = firstFrom(sorted, name);
    if (sorted[at] !== name) sorted.splice(at, 0, name);
  }

  function settle(): void {
    if (fresh.length <= FEW) for (const name of fresh) insert(name);
    else sortAnew();
    fresh = [];
  }

  function sortAnew(): void {
    sorted = [...new Set([...sorted, ...fresh].filter(exists))].sort(byBytes);
  }

  return {
    add: (name) => void fresh.push(name),
    under(prefix, startAfter, limit) {
      settle();
      const found: string[] = [];
      let gone = 0;
      const from = byBytes(startAfter, prefix) > 0 ? startAfter : prefix;
      for (let at = firstFrom(sorted, from); at < sorted.length && found.length < limit; at++) {
        const name = sorted[at]!;
        if (!name.startsWith(prefix)) break;
        if (!exists(name)) gone++;
        else if (name !== startAfter) found.push(name);
      }
      if (gone > MANY_GONE) sortAnew();
      return found;
    },
  };
}

/** The place of the first name that is not before `name`. */
function firstFrom(sorted: readonly string[], name: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (byBytes(sorted[middle]!, name) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Code units are in the order of bytes but for surrogates, which stand for what lies behind all else. */
function byBytes(a: string, b: string): number {
  for (let at = 0; at < a.length && at < b.length; at++) {
    const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
