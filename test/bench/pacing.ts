/**
 * Measures how much of the provider's limit is used and how many calls are refused, for the pacer of this project and
 * three peers in turn (`npm run bench -- pacing`). `--help` lists the flags; `--scenario final` runs everything in
 * bounded time.
 */
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { closedGate } from './pacing/closed-gate.ts';
import { PacingEnvironment } from './pacing/environment.ts';
import { frontier } from './pacing/frontier.ts';
import { final, MODES, RATES, savePlot } from './pacing/full-report.ts';
import { openJournal } from './pacing/journal.ts';
import { type Figures, median, round } from './pacing/measure.ts';
import type { Panel } from './pacing/plot.ts';
import type { ReceiverOrder } from './pacing/receiver.ts';
import { cellLine, flushLine, halveLines } from './pacing/row-text.ts';
import { measureCell, measureFlush, measureHalving, warmUpSeconds } from './pacing/run.ts';
import type { Mode } from './pacing/worker.ts';

interface Plan {
  qps: number[];
  workers: number[];
  windows: ReceiverOrder['window'][];
  modes: Mode[];
  seconds: number;
  repeat: number;
  plot: boolean;
  scenario: string;
  file: string;
  shorten: number;
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
  --scenario NAME    table, halve, flush, closed, frontier, final (table)
  --qps 10,50        allowed calls a second (50; final: 10,50,100,200)
  --workers 2,4      worker processes (2)
  --windows a,b      sliding, fixed (sliding)
  --modes a,b        ${MODES.join(', ')} (all)
  --seconds N        of each run of the table, after 20 s of warm-up for this pacer and 4 s for its peers (15)
  --repeat N         runs of each row, the median counts (1)
  --plot             plots as SVG in docs/develop/benchmarks
final: the whole table with plots, halving, flush and frontier in about 40 minutes; each row is saved at once
  --out FILE         that file (reports/pacing-<time>.jsonl); the tables are written to FILE.md
  --resume FILE      continues an interrupted run and measures only the missing rows
  --shorten N        divides all durations of the table, to test the run itself (1)
`;

function planFrom(args: readonly string[]): Plan {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const texts = { qps: text, workers: text, windows: text, modes: text, seconds: text, repeat: text, scenario: text };
  const options = { ...texts, out: text, resume: text, shorten: text, plot: flag, help: flag };
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const scenario = values.scenario ?? 'table';
  const numbers = (given: string | undefined, otherwise: string) => (given ?? otherwise).split(',').map(Number);
  const name = `pacing-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.jsonl`;
  return {
    qps: numbers(values.qps, scenario === 'final' ? RATES.join(',') : '50'),
    workers: numbers(values.workers, '2'),
    windows: (values.windows ?? 'sliding').split(',') as Plan['windows'],
    modes: (values.modes?.split(',') as Mode[] | undefined) ?? MODES,
    seconds: Number(values.seconds ?? 15),
    repeat: Number(values.repeat ?? 1),
    plot: values.plot ?? scenario === 'final',
    scenario,
    file: values.resume ?? values.out ?? path.join(import.meta.dirname, '../../reports', name),
    shorten: Number(values.shorten ?? 1),
  };
}

async function table(environment: PacingEnvironment, plan: Plan): Promise<Row[]> {
  const rows: Row[] = [];
  for (const qps of plan.qps) {
    for (const workers of plan.workers) {
      for (const window of plan.windows) rows.push(...(await compare(environment, plan, qps, workers, window)));
    }
  }
  return rows;
}

/** Runs all modes in turn in every round, so that other load affects all alike. */
async function compare(
  environment: PacingEnvironment,
  { modes, seconds, repeat, plot }: Plan,
  qps: number,
  workers: number,
  window: Plan['windows'][number],
): Promise<Row[]> {
  const runs = new Map(modes.map((mode) => [mode, [] as Figures[]]));
  const panels: Panel[] = [];
  for (let round = 0; round < repeat; round++) {
    for (const mode of modes) {
      const cell = { qps, workers, window, mode, seconds, warmUpSeconds: warmUpSeconds(mode) };
      const run = await measureCell(environment, cell);
      runs.get(mode)!.push(run.figures);
      if (round === 0) panels.push({ title: mode, bins: run.bins });
    }
  }
  const heading = `${qps} calls a second, ${workers} workers, ${window} second: calls per 100 ms (red: refused)`;
  if (plot) savePlot(`pacing-${qps}qps-${workers}workers-${window}`, heading, qps / 10, panels);
  return modes.map((mode) => {
    const row = rowOf(qps, workers, window, mode, runs.get(mode)!);
    const { jitterMs } = row.runs.at(-1)!;
    console.log(cellLine(row, { ...row, ...(jitterMs ? { jitterMs } : {}) }));
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

async function halve(environment: PacingEnvironment, plan: Plan): Promise<object[]> {
  const rows: object[] = [];
  for (const qps of plan.qps) {
    const row = await measureHalving(environment, { qps, workers: plan.workers[0]!, window: plan.windows[0]! });
    console.log(halveLines(row));
    rows.push(row);
  }
  return rows;
}

async function flush(environment: PacingEnvironment, plan: Plan): Promise<object[]> {
  const rows: object[] = [];
  for (const qps of plan.qps) {
    const row = await measureFlush(environment, qps, plan.workers[0]!);
    console.log(flushLine(row));
    rows.push(row);
  }
  return rows;
}

const SCENARIOS: Record<string, (environment: PacingEnvironment, plan: Plan) => Promise<object>> = {
  table,
  halve,
  flush,
  closed: async (environment) => [await closedGate(environment.redis)],
  frontier: async () => frontier(),
  final: (environment, { file, plot, shorten, qps }) =>
    final(environment, openJournal(file), { plot, shorten, rates: qps }),
};

export async function main(args: readonly string[] = []): Promise<number> {
  const plan = planFrom(args);
  const run = SCENARIOS[plan.scenario];
  if (!run) {
    process.stderr.write(HELP);
    return 2;
  }
  const environment = await PacingEnvironment.open();
  try {
    const rows = await run(environment, plan);
    const { scenario, seconds, repeat } = plan;
    const machine = { node: process.version, cpus: availableParallelism() };
    console.log(JSON.stringify({ bench: 'pacing', scenario, seconds, repeat, ...machine, rows }));
    return 0;
  } finally {
    await environment.close();
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
