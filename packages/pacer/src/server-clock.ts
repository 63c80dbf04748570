/**
 * Maps Redis's clock to the monotonic clock of this process. Every response bounds the offset from both sides, and the
 * bounds of the last seconds are intersected. Wall clocks of workers are not used, so setting them does no harm.
 */
interface Bounds {
  lowMs: number;
  highMs: number;
}

const EPOCH_MS = 5_000;
const UNKNOWN: Bounds = { lowMs: Number.NEGATIVE_INFINITY, highMs: Number.POSITIVE_INFINITY };

export class ServerClock {
  #before = UNKNOWN;
  #current = UNKNOWN;
  #epochStartMs = 0;

  /** Redis read `serverMs` at some moment between `sentMs` and `receivedMs` of the monotonic clock. */
  observe(sentMs: number, receivedMs: number, serverMs: number): void {
    if (receivedMs - this.#epochStartMs > EPOCH_MS) {
      this.#before = this.#current;
      this.#current = UNKNOWN;
      this.#epochStartMs = receivedMs;
    }
    const sample = { lowMs: serverMs - receivedMs, highMs: serverMs - sentMs };
    this.#current = intersect(this.#current, sample) ?? sample;
    // Redis's clock was set, or another server responds now: earlier bounds are void.
    if (!intersect(this.#before, this.#current)) this.#before = UNKNOWN;
  }

  /** Redis's time at a moment of the monotonic clock. */
  toServerMs(monotonicMs: number): number {
    return monotonicMs + this.#offsetMs();
  }

  toMonotonicMs(serverMs: number): number {
    return serverMs - this.#offsetMs();
  }

  #offsetMs(): number {
    const { lowMs, highMs } = intersect(this.#before, this.#current) ?? this.#current;
    return Number.isFinite(lowMs) ? (lowMs + highMs) / 2 : 0;
  }
}

function intersect(a: Bounds, b: Bounds): Bounds | undefined {
  const both = { lowMs: Math.max(a.lowMs, b.lowMs), highMs: Math.min(a.highMs, b.highMs) };
  return both.lowMs <= both.highMs ? both : undefined;
}
