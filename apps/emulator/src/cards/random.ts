// The seeded random generator of the specimens: the same seed and card number always give the same card.
// It must never be used for secrets.

/** A repeatable stream of random choices. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer, both ends included. */
  int(from: number, to: number): number;
  pick<T>(items: readonly T[]): T;
}

/** Stream number `n` of `seed`; streams of one seed are independent of each other (splitmix-style mixing of 32 bits). */
export function createRandom(seed: number, n: number): Random {
  let state = mix(mix(seed | 0) ^ Math.imul(n, 0x9e3779b1));
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    return (mix(state) >>> 0) / 4294967296;
  };
  const int = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  return {
    next,
    int,
    pick: (items) => {
      const item = items[int(0, items.length - 1)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
  };
}

function mix(value: number): number {
  let v = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  v = Math.imul(v ^ (v >>> 13), 0xc2b2ae35);
  return v ^ (v >>> 16);
}
