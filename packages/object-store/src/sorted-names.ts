/**
 * The names of the memory store, in UTF-8 byte order. They are sorted when a caller lists them, not when it writes: a
 * run of writes costs nothing, a list after few writes costs little, and both stay fast with a million names.
 */

export interface SortedNames {
  /** Adds a new name. Deleted names are not reported: the list checks them. */
  add(name: string): void;
  /** At most `limit` names under `prefix` and strictly after `startAfter`. */
  under(prefix: string, startAfter: string, limit: number): string[];
}

/** More new names than this are merged by a sort; fewer are inserted one by one. */
const FEW = 32;
/** Deleted names stay in the list until a listing has skipped this many of them. */
const MANY_GONE = 1000;

export function sortedNames(exists: (name: string) => boolean): SortedNames {
  let sorted: string[] = [];
  let fresh: string[] = [];

  /** A name that was deleted and created again is already in the list. */
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

/** The index of the first name that is not before `name`. */
function firstFrom(sorted: readonly string[], name: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (byBytes(sorted[middle]!, name) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** UTF-16 code units sort like UTF-8 bytes except surrogates, which encode the characters that sort last. */
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
