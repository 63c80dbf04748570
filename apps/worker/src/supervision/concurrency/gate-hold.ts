/**
 * While no credential may be called, this worker takes no cards: they wait in the queue and nothing runs but a look now
 * and then. A probe that is due lets one card through; an opened gate lets all come, as many as are in hand at once.
 */
import type { Clock } from '@cardseal/base/clock';
import type { CredentialSnapshot, Pacer } from '@cardseal/pacer';

/** The tap of the queue. */
export interface Intake {
  close(): void;
  /** `one`: a card at a time. */
  open(flow: 'one' | 'all'): void;
}

export interface GateHold {
  /** True when every gate is closed: the tap is closed until one opens or may be tried. */
  hold(): Promise<boolean>;
  /** Until a gate is open: also while a probe is out. */
  held(): boolean;
  stop(): Promise<void>;
}

/** Beside the pacer's own look, which comes every second and knows no allowances: work goes on within two seconds. */
const LOOK_EVERY_MS = 500;
/** A due probe that found no job, or whose worker died, is tried again after this. */
const PROBE_AGAIN_MS = 5000;

export interface GateHoldParts {
  pacer: Pick<Pacer, 'snapshot' | 'onReopen'>;
  clock: Clock;
  intake: Intake;
  onChange: (held: boolean) => void;
}

export function createGateHold({ pacer, clock, intake, onChange }: GateHoldParts): GateHold {
  const stopped = new AbortController();
  let state: 'free' | 'held' | 'probing' = 'free';
  let looking: Promise<boolean> | null = null;
  let watching: Promise<void> | null = null;
  const unlisten = pacer.onReopen(({ kind }) => release(kind === 'opened' ? 'all' : 'one'));

  /** A probe's card does not end the hold: only its answer does, and until then nothing else may be taken. */
  function release(flow: 'one' | 'all'): void {
    if (stopped.signal.aborted || (flow === 'one' ? state !== 'held' : state === 'free')) return;
    state = flow === 'one' ? 'probing' : 'free';
    intake.open(flow);
    if (flow === 'all') onChange(false);
  }

  async function look(): Promise<boolean> {
    const snapshot = await pacer.snapshot();
    if (snapshot.some(({ gate }) => gate.state === 'open')) return false;
    if (state === 'held' || stopped.signal.aborted) return true;
    const begins = state === 'free';
    state = 'held';
    intake.close();
    if (!begins) return true;
    onChange(true);
    watching ??= watch();
    return true;
  }

  async function watch(): Promise<void> {
    let triedAtMs = Number.NEGATIVE_INFINITY;
    // The pacer announces a due probe once, and a job that returns from a call in flight closes the tap again after that.
    // A gate may also stay due: its allowance is used up, or the queue is empty.
    const isDue = (snapshot: readonly CredentialSnapshot[], nowMs: number) =>
      state === 'held' && nowMs - triedAtMs >= PROBE_AGAIN_MS && snapshot.some(({ gate }) => gate.probeDue === true);
    try {
      while (state !== 'free' && !stopped.signal.aborted) {
        const snapshot = await pacer.snapshot().catch(() => null);
        if (snapshot?.some(({ gate }) => gate.state === 'open')) return release('all');
        if (snapshot && isDue(snapshot, clock.now())) {
          triedAtMs = clock.now();
          release('one');
        }
        await clock.sleep(nextLookMs(snapshot, clock.now()), stopped.signal).catch(() => {});
      }
    } finally {
      watching = null;
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
    held: () => state !== 'free',
    async stop() {
      unlisten();
      stopped.abort();
      await watching;
    },
  };
}

/** A known end is met on its moment. */
function nextLookMs(snapshot: readonly CredentialSnapshot[] | null, nowMs: number): number {
  const ends = (snapshot ?? []).map(({ gate }) => (gate.until ?? Number.POSITIVE_INFINITY) - nowMs);
  return Math.max(200, Math.min(LOOK_EVERY_MS, ...ends.filter((ms) => ms > 0)));
}
