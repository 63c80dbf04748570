/**
 * A repeatable random source: one seed gives the same faults in the same order, with the same random numbers inside
 * each.
 */

/** mulberry32; uniform in [0, 1). */
export function seededRandom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Planned<Name> {
  name: Name;
  /** The random source of this fault alone. Draws by one fault do not change the others. */
  random: () => number;
  pauseMs: number;
}

/** The endless schedule of a seed. Every name occurs once before any name repeats, so that short runs include all. */
export function* schedule<Name>(seed: number, names: readonly Name[], pauseMs: number): Generator<Planned<Name>> {
  const random = seededRandom(seed);
  for (let n = 0; ; ) {
    const deck = names.map((name) => ({ name, at: random() })).toSorted((a, b) => a.at - b.at);
    for (const { name } of deck) {
      const random = seededRandom(seed * 65_537 + n++);
      yield { name, random, pauseMs: random() * pauseMs };
    }
  }
}
