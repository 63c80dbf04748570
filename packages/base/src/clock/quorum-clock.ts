/**
 * A clock that follows the majority of three time sources: this machine, Redis and the object store. Signatures,
 * deadlines and ids contain wall time, and a machine with a wrong clock must not make receivers refuse its signatures.
 * The clock must never follow a single source: the other two always outvote one wrong clock.
 */
import { type Clock, systemClock } from './clock.ts';

/** Epoch milliseconds of another clock. A source that rejects is ignored for this round. */
export type TimeSource = () => Promise<number>;

export interface QuorumClock extends Clock {
  /** Resolves after the first round, whatever its result, and repeats it from then on. */
  start(): Promise<void>;
  stop(): void;
}

export interface QuorumClockSettings {
  sources: readonly [TimeSource, TimeSource];
  base?: Clock;
  /** Called when the correction changes; 0 for none. */
  onChange?: (offsetMs: number) => void;
  pollEveryMs?: number;
}

const POLL_EVERY_MS = 30_000;
/** Smaller differences are not corrected: a store's `Date` has whole seconds, and nothing here needs more precision. */
const TOLERATED_MS = 5000;
/** A correction changes by at least this much. Otherwise the jitter of a source would move the time back and forth. */
const STEP_MS = 2000;

export function createQuorumClock(settings: QuorumClockSettings): QuorumClock {
  const { sources, base = systemClock, onChange = () => {}, pollEveryMs = POLL_EVERY_MS } = settings;
  let offsetMs = 0;
  let timer: NodeJS.Timeout | undefined;

  async function poll(): Promise<void> {
    const offsets = await Promise.all(sources.map((source) => offsetOf(source, base)));
    const [a, b] = offsets;
    // With one source missing, no majority shows which clock is wrong. The last correction stays.
    if (a == null || b == null) return;
    const middle = Math.round([0, a, b].sort((x, y) => x - y)[1]!);
    const next = Math.abs(middle) < TOLERATED_MS ? 0 : middle;
    if (next === offsetMs || (next !== 0 && Math.abs(next - offsetMs) < STEP_MS)) return;
    offsetMs = next;
    onChange(offsetMs);
  }

  return {
    now: () => base.now() + offsetMs,
    sleep: (ms, signal) => base.sleep(ms, signal),
    async start() {
      await poll();
      timer = setInterval(() => void poll(), pollEveryMs).unref();
    },
    stop: () => clearInterval(timer),
  };
}

/**
 * null when the source does not respond. It is assumed to have read its clock half-way between request and response.
 */
async function offsetOf(witness: TimeSource, base: Clock): Promise<number | null> {
  const sentMs = performance.now();
  const theirsMs = await witness().catch(() => null);
  return theirsMs === null ? null : theirsMs + (performance.now() - sentMs) / 2 - base.now();
}
