/**
 * While no credential may be called, this worker takes no jobs: they wait in the queue, and only a periodic check
 * runs. A due probe lets one job through. An open gate lets all come, up to the number of jobs in flight.
 */
import type { Clock } from '@cardseal/base/clock';
import type { CredentialSnapshot, Pacer } from '@cardseal/pacer';

/** The intake of the queue. */
export interface Intake {
  close(): void;
  /** `one`: one job at a time. */
  open(flow: 'one' | 'all'): void;
}

export interface GateHold {
  /** True when every gate is closed: the intake is closed until one opens or may be probed. */
  hold(): Promise<boolean>;
  /** Until a gate is open: also while a probe is in flight. */
  held(): boolean;
  stop(): Promise<void>;
}

/**
 * In addition to the pacer's own check, which runs every second and ignores allowances: work continues within two
 * seconds.
 */
const LOOK_EVERY_MS = 500;
/** A due probe that found no job, or whose worker crashed, is repeated after this time. */
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

  /** The job of a probe does not end the hold: only its response does, and until then no other job may be taken. */
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
    // The pacer announces a due probe once, and a job that returns from a call in flight closes the intake again after
    // that. A gate may also stay due: its allowance is used up, or the queue is empty.
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

/** A known end is checked at its exact time. */
function nextLookMs(snapshot: readonly CredentialSnapshot[] | null, nowMs: number): number {
  const ends = (snapshot ?? []).map(({ gate }) => (gate.until ?? Number.POSITIVE_INFINITY) - nowMs);
  return Math.max(200, Math.min(LOOK_EVERY_MS, ...ends.filter((ms) => ms > 0)));
}
