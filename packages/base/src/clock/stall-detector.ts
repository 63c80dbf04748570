/**
 * Distinguishes work that has stopped from work that is slow. The only evidence is that its state does not change
 * while one process reads it repeatedly. That process measures with its monotonic clock: ids can be much older than a
 * claim, and the wall clock of a machine can be wrong.
 */

/** The most entries that are watched; others wait until one of these is removed. */
const MAX_SIGHTINGS = 10_000;

export interface StallDetector {
  /**
   * Reads the state and returns whether it has been unchanged for the whole time. null: there is nothing to read.
   * @param markOf returns a value that changes whenever the work moves.
   */
  look<Seen>(
    name: string,
    see: () => Promise<Seen | null>,
    markOf: (seen: Seen) => string,
  ): Promise<{ seen: Seen; stopped: boolean } | null>;
  /** The caller acted on the entry: its next state counts as new. */
  forget(name: string): void;
}

export interface StandstillSettings {
  /** How long an entry must be unchanged, in milliseconds. */
  forMs: number;
  /** Milliseconds of a monotonic clock. */
  nowMs?: () => number;
}

export function createStallDetector({ forMs, nowMs = () => performance.now() }: StandstillSettings): StallDetector {
  /** The entry that was read least recently comes first. */
  const sightings = new Map<string, { mark: string; sinceMs: number; lookedAtMs: number }>();

  function isStill(name: string, mark: string, askedAtMs: number): boolean {
    const known = sightings.get(name);
    if (!known && !hasRoom()) return false;
    sightings.delete(name);
    // A response may be late: the first reading counts from its arrival, later ones from their request.
    const sinceMs = known?.mark === mark ? known.sinceMs : nowMs();
    sightings.set(name, { mark, sinceMs, lookedAtMs: nowMs() });
    return askedAtMs - sinceMs >= forMs;
  }

  /**
   * Evict the least recently read entry once it is idle. Evicting the oldest would, with one entry too many, evict all
   * in turn.
   */
  function hasRoom(): boolean {
    if (sightings.size < MAX_SIGHTINGS) return true;
    const [name, { lookedAtMs }] = sightings.entries().next().value!;
    if (nowMs() - lookedAtMs < 2 * forMs) return false;
    return sightings.delete(name);
  }

  return {
    async look(name, see, markOf) {
      const askedAtMs = nowMs();
      const seen = await see();
      if (seen !== null) return { seen, stopped: isStill(name, markOf(seen), askedAtMs) };
      sightings.delete(name);
      return null;
    },
    forget: (name) => void sightings.delete(name),
  };
}
