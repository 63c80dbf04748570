/**
 * The measured runs of the pacing bench. Each run starts its workers, waits until they are stable, measures and stops
 * them.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { PacingEnvironment } from './environment.ts';
import { watchMachine } from './machine.ts';
import { between, bins, type Figures, figures, lateness, round } from './measure.ts';
import type { ReceiverOrder } from './receiver.ts';
import type { Mode } from './worker.ts';

export interface Cell {
  qps: number;
  workers: number;
  window: ReceiverOrder['window'];
  mode: Mode;
  seconds: number;
  warmUpSeconds: number;
}

type Bins = [accepted: number, refused: number][];

const PLOTTED_SECONDS = 10;
/** A new state of this project's pacer needs 15 s until its margin is stable; the peers learn nothing. */
export const warmUpSeconds = (mode: Mode): number => (mode === 'cardseal' ? 20 : 4);

const nowMs = () => performance.timeOrigin + performance.now();

async function firstCall(environment: PacingEnvironment): Promise<void> {
  while ((await environment.report()).length === 0) await delay(100);
}

export interface Measured {
  figures: Figures;
  bins: Bins;
  /** From slot to arrival of each call, in the order of arrival; empty where slots are unknown. */
  lateMs: number[];
  /** How late a sleeping process woke meanwhile: at 50 %, 99 % and 99.9 %. */
  machineMs: [number, number, number];
}

/** A measured cell in the form of the journal. */
export type CellRow = Cell & Measured;

export async function measureCell(environment: PacingEnvironment, cell: Cell): Promise<Measured> {
  const { qps, workers, window, mode, seconds } = cell;
  environment.order({ limit: qps, window, reset: true });
  await environment.start(mode, qps, workers, seconds + cell.warmUpSeconds + 5);
  try {
    await firstCall(environment);
    await delay(cell.warmUpSeconds * 1000);
    const fromMs = nowMs();
    const machine = watchMachine();
    await delay(seconds * 1000 + 50);
    const machineMs = machine();
    const arrivals = between(await environment.report(), fromMs, fromMs + seconds * 1000);
    const lateMs = lateness(arrivals).map((ms) => round(ms, 2));
    const plotted = bins(arrivals, fromMs, PLOTTED_SECONDS);
    return { figures: figures(arrivals, qps, seconds), bins: plotted, lateMs, machineMs };
  } finally {
    await environment.stopWorkers();
  }
}

export interface HalveRow {
  qps: number;
  window: string;
  /** Whole seconds until one second reached 95 % of the real limit again; null when none did. */
  foundAfterSeconds: number | null;
  backAfterSeconds: number | null;
  first10s: Figures;
  from10to30s: Figures;
  from30to60s: Figures;
  /** From 10 s after the drop until the limit doubles. */
  held: Figures;
  last10sDoubled: Figures;
  /** Calls per second of the run; the real limit drops at second 10 and doubles at second 70. */
  perSecond: Bins;
}

/** The real limit halves after 10 s and doubles again 60 s later; rates above the nominal one may be tested. */
export async function measureHalving(
  environment: PacingEnvironment,
  { qps, workers, window }: Pick<Cell, 'qps' | 'workers' | 'window'>,
): Promise<HalveRow> {
  const half = Math.floor(qps / 2);
  environment.order({ limit: qps, window, reset: true });
  await environment.start('cardseal', qps, workers, 150, true);
  try {
    await firstCall(environment);
    await delay(5000);
    const startMs = nowMs();
    await delay(10_000);
    const halvedMs = nowMs();
    environment.order({ limit: half, window });
    await delay(60_000);
    const doubledMs = nowMs();
    environment.order({ limit: qps, window });
    await delay(60_000);
    const arrivals = await environment.report();
    const span = (fromMs: number, seconds: number, limit: number) =>
      figures(between(arrivals, fromMs, fromMs + seconds * 1000), limit, seconds);
    const reached = (fromMs: number, limit: number) =>
      Array.from({ length: 60 }, (_, second) => second).find(
        (second) => span(fromMs + second * 1000, 1, limit).used >= 0.95,
      ) ?? null;
    return {
      qps,
      window,
      foundAfterSeconds: reached(halvedMs + 1000, half),
      backAfterSeconds: reached(doubledMs, qps),
      first10s: span(halvedMs, 10, half),
      from10to30s: span(halvedMs + 10_000, 20, half),
      from30to60s: span(halvedMs + 30_000, 30, half),
      held: span(halvedMs + 10_000, 50, half),
      last10sDoubled: span(doubledMs + 50_000, 10, qps),
      perSecond: bins(arrivals, startMs, 130, 1),
    };
  } finally {
    await environment.stopWorkers();
  }
}

export interface FlushRow extends Figures {
  qps: number;
  resumedMs: number | null;
}

/** Empties Redis during the run: no second may exceed the limit, and pacing must continue. */
export async function measureFlush(environment: PacingEnvironment, qps: number, workers: number): Promise<FlushRow> {
  environment.order({ limit: qps, window: 'sliding', reset: true });
  await environment.start('cardseal', qps, workers, 30);
  try {
    await firstCall(environment);
    await delay(5000);
    const flushedMs = nowMs();
    await environment.redis.flushall();
    await delay(8000);
    const arrivals = await environment.report();
    const after = figures(between(arrivals, flushedMs - 2000, flushedMs + 8000), qps, 10);
    const next = arrivals.find(([atMs], index) => atMs > flushedMs && atMs - arrivals[index - 1]![0] > 500);
    return { qps, resumedMs: next ? round(next[0] - flushedMs, 0) : null, ...after };
  } finally {
    await environment.stopWorkers();
  }
}
