/**
 * Tells what has stopped from what is merely slow. Nothing says so but that it does not move while one process looks at
 * it again and again; by that process's own clock that only runs on, since ids and wall clocks are as old as a claim or
 * as wrong as a machine.
 */

/** So many are watched; others have their turn when one of these is gone. */
const MAX_SIGHTINGS = 10_000;

export interface StallDetector {
  /**
   * Looks, and says whether what it saw has been the same for long. null: there is nothing to see.
   * @param markOf what changes whenever it moves.
   */
  look<Seen>(
    name: string,
    see: () => Promise<Seen | null>,
    markOf: (seen: Seen) => string,
  ): Promise<{ seen: Seen; stopped: boolean } | null>;
  /** It was acted on: what is seen next is news. */
  forget(name: string): void;
}

export interface StandstillSettings {
  /** How long a thing must not have moved. */
  forMs: number;
  /** Milliseconds on a clock that only runs on. */
  nowMs?: () => number;
}

export function createStallDetector({ forMs, nowMs = () => performance.now() }: StandstillSettings): StallDetector {
  /** The one that was looked at longest ago first. */
  const sightings = new Map<string, { mark: string; sinceMs: number; lookedAtMs: number }>();

  function isStill(name: string, mark: string, askedAtMs: number): boolean {
    const known = sightings.get(name);
    if (!known && !hasRoom()) return false;
    sightings.delete(name);
    // An answer may be late: the first counts from when it came, later ones from when they were asked for.
    const sinceMs = known?.mark === mark ? known.sinceMs : nowMs();
    sightings.set(name, { mark, sinceMs, lookedAtMs: nowMs() });
    return askedAtMs - sinceMs >= forMs;
  }

  /** Whom nobody looks at any more makes room. To forget whoever came first would, with one too many, forget all. */
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
