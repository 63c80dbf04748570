/**
 * `npm run bench -- pacing`: how much of the allowance is used and how much is refused, ours and three peers in turn
 * in the same run. Flags: `--qps 10,50 --workers 2,4 --windows fixed,sliding --modes cardseal,… --seconds 15
 * --repeat 1 --plot --full --scenario table|halve|flush|closed|frontier`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { closedGate } from './pacing/closed.ts';
import { frontier } from './pacing/frontier.ts';
import { between, bins, type Figures, figures, median, round } from './pacing/measure.ts';
import { type Panel, plotSvg } from './pacing/plot.ts';
import type { ReceiverOrder } from './pacing/receiver.ts';
import { Stage } from './pacing/stage.ts';
import type { Mode } from './pacing/worker.ts';

const WARM_UP_SECONDS = 5;
const MODES: Mode[] = ['cardseal', 'bullmq-per-second', 'bullmq-one-per-interval', 'backoff'];
const PLOTTED_SECONDS = 10;

interface Plan {
  qps: number[];
  workers: number[];
  windows: ReceiverOrder['window'][];
  modes: Mode[];
  seconds: number;
  repeat: number;
  plot: boolean;
  scenario: string;
}

interface Row {
  qps: number;
  workers: number;
  window: string;
  mode: Mode;
  used: number;
  usedSpread: [number, number];
  refused: number;
  refusedSpread: [number, number];
  worstSecond: number;
  runs: Figures[];
}

const HELP = `npm run bench -- pacing [options]
  --qps 10,50        allowed calls a second (50)
  --workers 2,4      worker processes (2)
  --windows a,b      sliding, fixed (sliding)
  --modes a,b        ${MODES.join(', ')} (all)
  --seconds N        of each run, behind 5 s of warm-up (15)
  --repeat N         runs of each row, the median counts (1)
  --scenario NAME    table, halve, flush, closed, frontier (table)
  --plot             calls per 100 ms as SVG in docs/benchmarks
  --full             everything: 4 rates, 2 and 4 workers, both windows, 5 × 30 s; about three hours
`;

const nowMs = () => performance.timeOrigin + performance.now();

function planFrom(args: readonly string[]): Plan {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = {
    qps: text,
    workers: text,
    windows: text,
    modes: text,
    seconds: text,
    repeat: text,
    scenario: text,
    plot: flag,
    full: flag,
    help: flag,
  };
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const full = values.full ?? false;
  const numbers = (given: string | undefined, otherwise: string) => (given ?? otherwise).split(',').map(Number);
  return {
    qps: numbers(values.qps, full ? '10,50,100,200' : '50'),
    workers: numbers(values.workers, full ? '2,4' : '2'),
    windows: (values.windows ?? (full ? 'sliding,fixed' : 'sliding')).split(',') as Plan['windows'],
    modes: (values.modes?.split(',') as Mode[] | undefined) ?? MODES,
    seconds: Number(values.seconds ?? (full ? 30 : 15)),
    repeat: Number(values.repeat ?? (full ? 5 : 1)),
    plot: values.plot ?? full,
    scenario: values.scenario ?? 'table',
  };
}

/** Starts the workers, lets them settle, and measures; returns the figures and the plot's bins. */
async function once(
  stage: Stage,
  plan: Plan,
  qps: number,
  workers: number,
  window: Plan['windows'][number],
  mode: Mode,
) {
  stage.order({ limit: qps, window, reset: true });
  await stage.start(mode, qps, workers, plan.seconds + WARM_UP_SECONDS + 5);
  while ((await stage.report()).length === 0) await delay(100);
  await delay(WARM_UP_SECONDS * 1000);
  const fromMs = nowMs();
  await delay(plan.seconds * 1000 + 50);
  const arrivals = between(await stage.report(), fromMs, fromMs + plan.seconds * 1000);
  await stage.stopWorkers();
  return { figures: figures(arrivals, qps, plan.seconds), bins: bins(arrivals, fromMs, PLOTTED_SECONDS) };
}

async function table(stage: Stage, plan: Plan): Promise<Row[]> {
  const rows: Row[] = [];
  for (const qps of plan.qps) {
    for (const workers of plan.workers) {
      for (const window of plan.windows) rows.push(...(await compare(stage, plan, qps, workers, window)));
    }
  }
  return rows;
}

/** All modes in turn, round by round, so that a noisy neighbour hits all alike. */
async function compare(
  stage: Stage,
  plan: Plan,
  qps: number,
  workers: number,
  window: Plan['windows'][number],
): Promise<Row[]> {
  const runs = new Map(plan.modes.map((mode) => [mode, [] as Figures[]]));
  const panels: Panel[] = [];
  for (let round = 0; round < plan.repeat; round++) {
    for (const mode of plan.modes) {
      const run = await once(stage, plan, qps, workers, window, mode);
      runs.get(mode)!.push(run.figures);
      if (round === 0) panels.push({ title: mode, bins: run.bins });
    }
  }
  if (plan.plot)
    savePlot(
      `pacing-${qps}qps-${workers}workers-${window}`,
      `${qps} calls a second, ${workers} workers, ${window} second: calls per 100 ms (red: refused)`,
      qps / 10,
      panels,
    );
  return plan.modes.map((mode) => {
    const row = rowOf(qps, workers, window, mode, runs.get(mode)!);
    printRow(row);
    return row;
  });
}

function rowOf(qps: number, workers: number, window: string, mode: Mode, runs: Figures[]): Row {
  const of = (pick: (run: Figures) => number) => runs.map(pick);
  const spread = (values: number[]): [number, number] => [round(Math.min(...values), 5), round(Math.max(...values), 5)];
  const [used, refused] = [of((run) => run.used), of((run) => run.refused)];
  const medians = {
    used: round(median(used), 4),
    refused: round(median(refused), 5),
    worstSecond: round(median(of((run) => run.worstSecond)), 3),
  };
  return { qps, workers, window, mode, ...medians, usedSpread: spread(used), refusedSpread: spread(refused), runs };
}

function printRow(row: Row): void {
  const percent = (share: number) => `${(share * 100).toFixed(2)} %`.padStart(9);
  const jitter = row.runs.at(-1)?.jitterMs;
  console.log(
    `${String(row.qps).padStart(4)} qps ${row.workers} workers ${row.window.padEnd(8)} ${row.mode.padEnd(24)} used ${percent(row.used)}  refused ${percent(row.refused)}  worst second ${row.worstSecond.toFixed(2)} ×` +
      (jitter ? `  slot → arrival p50 ${jitter[0]} p99 ${jitter[1]} p99.9 ${jitter[2]} ms` : ''),
  );
}

function savePlot(name: string, heading: string, limitPerBin: number, panels: Panel[]): void {
  const folder = path.join(import.meta.dirname, '../../docs/benchmarks');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, `${name}.svg`), plotSvg(heading, limitPerBin, panels));
}

/** The real limit halves after 10 s and doubles again after 60 more. */
async function halve(stage: Stage, plan: Plan): Promise<object[]> {
  const rows: object[] = [];
  for (const qps of plan.qps) {
    const window = plan.windows[0]!;
    const half = Math.floor(qps / 2);
    stage.order({ limit: qps, window, reset: true });
    await stage.start('cardseal', qps, plan.workers[0]!, 150);
    while ((await stage.report()).length === 0) await delay(100);
    await delay(10_000);
    const halvedMs = nowMs();
    stage.order({ limit: half, window });
    await delay(60_000);
    const doubledMs = nowMs();
    stage.order({ limit: qps, window });
    await delay(60_000);
    const arrivals = await stage.report();
    await stage.stopWorkers();
    const span = (fromMs: number, seconds: number, limit: number) =>
      figures(between(arrivals, fromMs, fromMs + seconds * 1000), limit, seconds);
    const spans = {
      first10s: span(halvedMs, 10, half),
      from10to30s: span(halvedMs + 10_000, 20, half),
      from30to60s: span(halvedMs + 30_000, 30, half),
      last10sDoubled: span(doubledMs + 50_000, 10, qps),
    };
    const back = Array.from({ length: 60 }, (_, second) => second).find(
      (second) => span(doubledMs + second * 1000, 1, qps).used >= 0.95,
    );
    console.log(`${qps} → ${half} → ${qps}, ${window} second; at 95 % again ${back ?? '> 60'} s after doubling`);
    for (const [name, it] of Object.entries(spans))
      console.log(
        `  ${name.padEnd(16)} used ${(it.used * 100).toFixed(1)} %  refused ${(it.refused * 100).toFixed(2)} %`,
      );
    rows.push({ qps, window, backAfterSeconds: back ?? null, ...spans });
  }
  return rows;
}

/** Redis is emptied in mid-run: no second may hold more than the limit, and pacing goes on. */
async function flush(stage: Stage, plan: Plan): Promise<object[]> {
  const rows: object[] = [];
  for (const qps of plan.qps) {
    stage.order({ limit: qps, window: 'sliding', reset: true });
    await stage.start('cardseal', qps, plan.workers[0]!, 30);
    while ((await stage.report()).length === 0) await delay(100);
    await delay(5000);
    const flushedMs = nowMs();
    await stage.redis.flushall();
    await delay(8000);
    const arrivals = await stage.report();
    await stage.stopWorkers();
    const after = figures(between(arrivals, flushedMs - 2000, flushedMs + 8000), qps, 10);
    const next = arrivals.find(([atMs], index) => atMs > flushedMs && atMs - arrivals[index - 1]![0] > 500);
    const resumedMs = next ? round(next[0] - flushedMs, 0) : null;
    console.log(
      `${qps} qps, FLUSHALL: worst second ${after.worstSecond.toFixed(2)} ×, refused ${(after.refused * 100).toFixed(2)} %, calls again after ${resumedMs} ms`,
    );
    rows.push({ qps, resumedMs, ...after });
  }
  return rows;
}

const closed = async (stage: Stage): Promise<object[]> => [await closedGate(stage.redis)];

export async function main(args: readonly string[] = []): Promise<number> {
  const plan = planFrom(args);
  const stage = await Stage.open();
  try {
    const scenarios = { table, halve, flush, closed, frontier: async () => frontier() };
    const rows = await scenarios[plan.scenario as 'table']!(stage, plan);
    const machine = { node: process.version, cpus: availableParallelism() };
    console.log(
      JSON.stringify({
        bench: 'pacing',
        scenario: plan.scenario,
        seconds: plan.seconds,
        repeat: plan.repeat,
        ...machine,
        rows,
      }),
    );
    return 0;
  } finally {
    await stage.close();
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
