/**
 * A clock that two of three agree on: this machine's own, Redis's and the object store's. Signatures, deadlines and ids
 * are made by wall time, and a machine whose clock is wrong must not make receivers refuse what it signs. It must never
 * follow a single witness: one wrong clock is always outvoted.
 */
import { type Clock, systemClock } from './clock.ts';

/** Milliseconds since the epoch by another clock. May reject; it is then not heard. */
export type TimeSource = () => Promise<number>;

export interface QuorumClock extends Clock {
  /** Resolves after the first look, whatever came of it, and looks again from then on. */
  start(): Promise<void>;
  stop(): void;
}

export interface QuorumClockSettings {
  witnesses: readonly [TimeSource, TimeSource];
  base?: Clock;
  /** Told when the correction changes; 0 for none. */
  onChange?: (offsetMs: number) => void;
  lookEveryMs?: number;
}

const LOOK_EVERY_MS = 30_000;
/** Below this a clock is left alone: a store's `Date` is in whole seconds, and nothing of ours hangs on less. */
const TOLERATED_MS = 5000;
/** A correction changes by at least so much, or a witness's jitter would move the time about. */
const STEP_MS = 2000;

export function createQuorumClock(settings: QuorumClockSettings): QuorumClock {
  const { witnesses, base = systemClock, onChange = () => {}, lookEveryMs = LOOK_EVERY_MS } = settings;
  let offsetMs = 0;
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    const offsets = await Promise.all(witnesses.map((witness) => offsetOf(witness, base)));
    const [a, b] = offsets;
    // With one witness away nobody can tell which of two is wrong: what was agreed on stands.
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
      await look();
      timer = setInterval(() => void look(), lookEveryMs).unref();
    },
    stop: () => clearInterval(timer),
  };
}

/** null when it is not heard. The moment it read its clock is taken to be the middle of the wait. */
async function offsetOf(witness: TimeSource, base: Clock): Promise<number | null> {
  const sentMs = performance.now();
  const theirsMs = await witness().catch(() => null);
  return theirsMs === null ? null : theirsMs + (performance.now() - sentMs) / 2 - base.now();
}
