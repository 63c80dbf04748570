/**
 * While no credential may be called, this worker takes no cards: they wait in the queue and nothing runs but a look now
 * and then. A probe that is due lets one card through; an opened gate lets all come, as many as are in hand at once.
 */
import type { Clock } from '@cardseal/core/clock';
import type { CredentialSnapshot, Pacer } from '@cardseal/core/pacing';

/** The tap of the queue. */
export interface Tap {
  close(): void;
  /** `one`: a card at a time. */
  open(flow: 'one' | 'all'): void;
}

export interface GateHold {
  /** True when every gate is closed: the tap is closed until one opens or may be tried. */
  hold(): Promise<boolean>;
  held(): boolean;
  stop(): Promise<void>;
}

/** Beside the pacer's own look, which comes every second and knows no allowances: work goes on within two seconds. */
const LOOK_EVERY_MS = 500;
/** A probe that nobody reported within this was lost with its worker. */
const LOST_PROBE_MS = 65_000;

export interface GateHoldParts {
  pacer: Pick<Pacer, 'snapshot' | 'onReopen'>;
  clock: Clock;
  tap: Tap;
  onChange: (held: boolean) => void;
}

export function createGateHold({ pacer, clock, tap, onChange }: GateHoldParts): GateHold {
  const stopped = new AbortController();
  let held = false;
  let looking: Promise<boolean> | null = null;
  let watching: Promise<void> = Promise.resolve();
  const unlisten = pacer.onReopen(({ kind }) => release(kind === 'opened' ? 'all' : 'one'));

  /** Also when nothing is held: after a probe the flow is still one at a time. */
  function release(flow: 'one' | 'all'): void {
    if (stopped.signal.aborted || (flow === 'one' && !held)) return;
    const changed = held;
    held = false;
    tap.open(flow);
    if (changed) onChange(false);
  }

  async function look(): Promise<boolean> {
    const snapshot = await pacer.snapshot();
    if (snapshot.some(({ gate }) => gate.state === 'open')) return false;
    if (held || stopped.signal.aborted) return true;
    held = true;
    tap.close();
    onChange(true);
    watching = watch();
    return true;
  }

  async function watch(): Promise<void> {
    while (held && !stopped.signal.aborted) {
      const snapshot = await pacer.snapshot().catch(() => null);
      if (!held) return;
      if (snapshot?.some(({ gate }) => gate.state === 'open')) return release('all');
      if (snapshot?.some((it) => isProbeLost(it, clock.now()))) return release('one');
      await clock.sleep(nextLookMs(snapshot, clock.now()), stopped.signal).catch(() => {});
    }
  }

  return {
    hold() {
      looking ??= look()
        .catch(() => false)
        .finally(() => {
          looking = null;
        });
      return looking;
    },
    held: () => held,
    async stop() {
      unlisten();
      stopped.abort();
      await watching;
    },
  };
}

function isProbeLost({ gate }: CredentialSnapshot, nowMs: number): boolean {
  return gate.probeAt !== undefined && gate.probeAt + LOST_PROBE_MS < nowMs;
}

/** A known end is met on its moment. */
function nextLookMs(snapshot: readonly CredentialSnapshot[] | null, nowMs: number): number {
  const ends = (snapshot ?? []).map(({ gate }) => (gate.until ?? Number.POSITIVE_INFINITY) - nowMs);
  return Math.max(200, Math.min(LOOK_EVERY_MS, ...ends.filter((ms) => ms > 0)));
}
