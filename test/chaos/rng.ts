/** Chance that can be repeated: a seed gives the same strikes, with the same random inside each, in the same order. */

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
  /** Dice of this strike alone: how often another one throws its own changes nothing here. */
  random: () => number;
  pauseMs: number;
}

/** The endless schedule of a seed. Every name comes once before any comes again, so that short nights see all. */
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
