/**
 * `--scenario final`: everything on the benchmark page about pacing, in one bounded run of about 40 minutes. Each row
 * is written to a file at once; `--resume FILE` measures only the missing rows.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { PacingEnvironment } from './environment.ts';
import { frontier } from './frontier.ts';
import type { Journal } from './journal.ts';
import { plotSvg } from './plot.ts';
import { type FinalRows, finalReport } from './report.ts';
import { cellLine, flushLine, halveLines } from './row-text.ts';
import {
  type Cell,
  type CellRow,
  type FlushRow,
  type HalveRow,
  measureCell,
  measureFlush,
  measureHalving,
  warmUpSeconds,
} from './run.ts';
import type { Mode } from './worker.ts';

export const RATES = [10, 50, 100, 200];
const WORKERS = [2, 4];
const WINDOWS = ['sliding', 'fixed'] as const;
export const MODES: Mode[] = ['cardseal', 'bullmq-per-second', 'bullmq-one-per-interval', 'backoff'];
const PEER_SECONDS = 10;
const START_SECONDS = 1.5;

/** Enough calls to resolve a share of a thousandth: 1,000 at 10 calls a second, 2,000 at higher rates. */
const ownSeconds = (qps: number): number => Math.max(20, Math.ceil((qps < 50 ? 1000 : 2000) / qps));

interface Task {
  key: string;
  seconds: number;
  run: () => Promise<object>;
  show: (row: never) => string;
}

export interface FinalOptions {
  plot: boolean;
  /** Divides all durations, to test the run itself. */
  shorten: number;
  rates: readonly number[];
}

export async function final(
  environment: PacingEnvironment,
  journal: Journal,
  options: FinalOptions,
): Promise<FinalRows> {
  const tasks = tasksOf(environment, options);
  const missing = tasks.filter(({ key }) => !journal.has(key));
  let leftSeconds = missing.reduce((sum, { seconds }) => sum + seconds, 0);
  console.log(
    `${missing.length} of ${tasks.length} rows to measure, about ${minutes(leftSeconds)}; rows go to ${journal.file}`,
  );
  for (const [at, task] of missing.entries()) {
    try {
      const row = await task.run();
      journal.add(task.key, row);
      console.log(task.show(row as never));
    } catch (error) {
      console.log(`${task.key} FAILED; --resume repeats it: ${(error as Error).message}`);
    }
    leftSeconds -= task.seconds;
    console.log(`  [${at + 1} of ${missing.length}; ${minutes(leftSeconds)} left]`);
  }
  return finish(journal, tasks, options);
}

const minutes = (seconds: number): string => `${Math.max(0, Math.round(seconds / 6) / 10)} min`;

function tasksOf(environment: PacingEnvironment, { shorten, rates }: FinalOptions): Task[] {
  const cells = rates.flatMap((qps) =>
    WORKERS.flatMap((workers) =>
      WINDOWS.flatMap((window) => MODES.map((mode) => cellTask(environment, { qps, workers, window, mode }, shorten))),
    ),
  );
  const halvings = rates.map(
    (qps): Task => ({
      key: `halve ${qps}`,
      seconds: 135 + START_SECONDS,
      run: () => measureHalving(environment, { qps, workers: 2, window: 'sliding' }),
      show: (row: HalveRow) => halveLines(row),
    }),
  );
  const flushes = rates.map(
    (qps): Task => ({
      key: `flush ${qps}`,
      seconds: 13 + START_SECONDS,
      run: () => measureFlush(environment, qps, 2),
      show: (row: FlushRow) => flushLine(row),
    }),
  );
  const simulated: Task = {
    key: 'frontier',
    seconds: 60,
    run: async () => ({ rows: frontier() }),
    show: () => 'frontier simulated',
  };
  return [...cells, ...halvings, ...flushes, simulated];
}

function cellTask(
  environment: PacingEnvironment,
  cell: Pick<Cell, 'qps' | 'workers' | 'window' | 'mode'>,
  shorten: number,
): Task {
  const { qps, workers, window, mode } = cell;
  const seconds = Math.ceil((mode === 'cardseal' ? ownSeconds(qps) : PEER_SECONDS) / shorten);
  const whole = { ...cell, seconds, warmUpSeconds: Math.ceil(warmUpSeconds(mode) / shorten) };
  return {
    key: cellKey(qps, workers, window, mode),
    seconds: whole.seconds + whole.warmUpSeconds + START_SECONDS,
    run: async () => ({ ...whole, ...(await measureCell(environment, whole)) }),
    show: (row: CellRow) => cellLine(cell, { ...row.figures, machineMs: row.machineMs }),
  };
}

const cellKey = (qps: number, workers: number, window: string, mode: string) =>
  `cell ${qps} ${workers} ${window} ${mode}`;

function finish(journal: Journal, tasks: readonly Task[], { plot, rates }: FinalOptions): FinalRows {
  const all = <Row>(prefix: string) =>
    tasks.flatMap(({ key }) => (key.startsWith(prefix) && journal.has(key) ? [journal.get<Row>(key)!] : []));
  const rows: FinalRows = {
    cells: all<CellRow>('cell '),
    halvings: all<HalveRow>('halve '),
    flushes: all<FlushRow>('flush '),
    frontier: journal.get<{ rows: FinalRows['frontier'] }>('frontier')?.rows ?? [],
    missing: tasks.filter(({ key }) => !journal.has(key)).map(({ key }) => key),
  };
  if (plot) for (const qps of rates) plotRate(qps, rows);
  const markdown = finalReport(rows);
  writeFileSync(`${journal.file}.md`, markdown);
  console.log(`\n${markdown}\nThe table is in ${journal.file}.md too.`);
  return rows;
}

function plotRate(qps: number, { cells, halvings }: FinalRows): void {
  for (const window of WINDOWS) {
    const shown = cells.filter((cell) => cell.qps === qps && cell.workers === 2 && cell.window === window);
    const panels = shown.map(({ mode, bins }) => ({ title: mode, bins }));
    const heading = `${qps} calls a second, 2 workers, ${window} second: calls per 100 ms (red: refused)`;
    if (panels.length > 0) savePlot(`pacing-${qps}qps-2workers-${window}`, heading, qps / 10, panels);
  }
  const halving = halvings.find((row) => row.qps === qps);
  if (!halving) return;
  const title = `allowed: ${qps}, from the 10th second ${Math.floor(qps / 2)}, from the 70th ${qps} again`;
  const panels = [{ title, bins: halving.perSecond }];
  savePlot(`pacing-${qps}qps-halved`, 'calls per second while the real limit halves and doubles', qps, panels);
}

export function savePlot(
  name: string,
  heading: string,
  limitPerBin: number,
  panels: Parameters<typeof plotSvg>[2],
): void {
  const folder = path.join(import.meta.dirname, '../../../docs/develop/benchmarks');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, `${name}.svg`), plotSvg(heading, limitPerBin, panels));
}
