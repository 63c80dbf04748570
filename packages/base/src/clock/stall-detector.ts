/**
 * Distinguishes work that has stopped from work that is slow. The only evidence is that its state does not change
 * while one process reads it repeatedly. That process measures with its monotonic clock: ids can be much older than a
 * claim, and the wall clock of a machine can be wrong.
 */

/** The most entries that are watched; others wait until one of these is removed. */
const MAX_ENTRIES = 10_000;

export interface StallDetector {
  /**
   * Reads the state and returns whether it has been unchanged for the whole time. null: there is nothing to read.
   * @param markOf returns a value that changes whenever the work moves.
   */
  check<Seen>(
    name: string,
    read: () => Promise<Seen | null>,
    markOf: (seen: Seen) => string,
  ): Promise<{ seen: Seen; stopped: boolean } | null>;
  /** The caller acted on the entry: its next state counts as new. */
  forget(name: string): void;
}

export interface StallDetectorSettings {
  /** How long an entry must be unchanged, in milliseconds. */
  forMs: number;
  /** Milliseconds of a monotonic clock. */
  nowMs?: () => number;
}

export function createStallDetector({ forMs, nowMs = () => performance.now() }: StallDetectorSettings): StallDetector {
  /** The entry that was read least recently comes first. */
  const entries = new Map<string, { mark: string; sinceMs: number; readAtMs: number }>();

  function isStill(name: string, mark: string, askedAtMs: number): boolean {
    const known = entries.get(name);
    if (!known && !hasCapacity()) return false;
    entries.delete(name);
    // A response may be late: the first reading counts from its arrival, later ones from their request.
    const sinceMs = known?.mark === mark ? known.sinceMs : nowMs();
    entries.set(name, { mark, sinceMs, readAtMs: nowMs() });
    return askedAtMs - sinceMs >= forMs;
  }

  /**
   * Evict the least recently read entry once it is idle. Evicting the oldest would, with one entry too many, evict all
   * in turn.
   */
  function hasCapacity(): boolean {
    if (entries.size < MAX_ENTRIES) return true;
    const [name, { readAtMs }] = entries.entries().next().value!;
    if (nowMs() - readAtMs < 2 * forMs) return false;
    return entries.delete(name);
  }

  return {
    async check(name, read, markOf) {
      const askedAtMs = nowMs();
      const seen = await read();
      if (seen !== null) return { seen, stopped: isStill(name, markOf(seen), askedAtMs) };
      entries.delete(name);
      return null;
    },
    forget: (name) => void entries.delete(name),
  };
}
