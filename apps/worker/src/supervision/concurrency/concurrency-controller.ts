/**
 * Keeps the number of jobs in flight at what the rate needs, while rate, latency and the number of workers change.
 * Reports to the other workers that this one is alive. While Redis is away the number stays. A process with a slow
 * event loop takes fewer.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '@cardseal/base/clock';
import type { PoolEntry, WorkerBoard } from '@cardseal/core/queue';
import type { CredentialSnapshot, Pacer } from '@cardseal/pacer';
import type { FlowMeter } from './flow-meter.ts';
import { jobsInFlight, MIN_JOBS } from './jobs-in-flight.ts';
import { createLoadShedder } from './load-shedder.ts';

export interface ConcurrencyControllerParts {
  clock: Clock;
  pacer: Pick<Pacer, 'snapshot'>;
  board: WorkerBoard;
  pool: readonly PoolEntry[];
  meter: FlowMeter;
  /** The lag of the event loop since the last call. */
  lagMs: () => number;
  /** Set by the operator: then nothing is computed. */
  fixed: number | undefined;
  apply: (cards: number) => void;
  /** While the worker takes no jobs there is nothing to compute. */
  held: () => boolean;
}

export interface ConcurrencyController {
  /** Reports to the board that this process is starting. Does nothing while Redis is away. */
  announce(): Promise<void>;
  start(): void;
  /** Resolves when the board has this worker's first report, and on `stop`. */
  reported(): Promise<void>;
  stop(): Promise<void>;
  /** One round: a few Redis commands. */
  adjust(): Promise<void>;
  /** A gate has opened: like `adjust`, starting from few jobs. */
  restart(): Promise<void>;
}

const EVERY_MS = 2000;
/** The start of the process waits for the first report, so a failed one is repeated soon. */
const FIRST_REPORT_EVERY_MS = 200;

export function createConcurrencyController(parts: ConcurrencyControllerParts): ConcurrencyController {
  const { clock, pacer, board, pool, meter, lagMs, fixed, apply, held } = parts;
  const loadShedder = createLoadShedder();
  const name = randomUUID();
  const stopped = new AbortController();
  let running: Promise<void> | null = null;
  let hasReported = false;
  const firstReport = Promise.withResolvers<void>();

  async function report(): Promise<number> {
    const afterPermitMs = Math.round(meter.afterPermitMs());
    const workers = await board.beat(name, clock.now(), { credentials: pool, afterPermitMs });
    hasReported = true;
    firstReport.resolve();
    return workers;
  }

  async function adjust(): Promise<void> {
    const [workers, snapshot] = await Promise.all([report(), held() ? [] : pacer.snapshot()]);
    const callsPerSecond = openRate(snapshot);
    if (callsPerSecond === 0) return;
    const facts = { callsPerSecond, workers, callsPerJob: meter.callsPerJob(), holdMs: meter.holdMs() };
    apply(fixed ?? loadShedder.allow(jobsInFlight(facts), lagMs()));
  }

  async function loop(): Promise<void> {
    while (!stopped.signal.aborted) {
      await adjust().catch(() => {});
      await clock.sleep(hasReported ? EVERY_MS : FIRST_REPORT_EVERY_MS, stopped.signal).catch(() => {});
    }
  }

  return {
    adjust,
    restart() {
      loadShedder.reset();
      // Until the rate is known again; otherwise all jobs from before the closure would start at once.
      apply(fixed ?? MIN_JOBS);
      return adjust();
    },
    announce: () => board.announce(name, clock.now()).catch(() => {}),
    start() {
      running ??= loop();
    },
    reported: () => firstReport.promise,
    async stop() {
      stopped.abort();
      firstReport.resolve();
      await running;
      await board.leave(name).catch(() => {});
    },
  };
}

function openRate(snapshot: readonly CredentialSnapshot[]): number {
  return snapshot.filter(({ gate }) => gate.state === 'open').reduce((sum, { currentQps }) => sum + currentQps, 0);
}
