/** Builds the tables of `--scenario final` for the benchmark page and marks missed targets. */

import type { FrontierRow } from './frontier.ts';
import { bestUse, evenSpacing } from './replay.ts';
import { percent } from './row-text.ts';
import type { CellRow, FlushRow, HalveRow } from './run.ts';

export interface FinalRows {
  cells: CellRow[];
  halvings: HalveRow[];
  flushes: FlushRow[];
  frontier: FrontierRow[];
  /** Keys of rows that were not measured. */
  missing: string[];
}

/** Above this jitter at p99.9 the target is the frontier instead of a thousandth. */
const JITTER_BOUND_MS = 8;

export function finalReport(rows: FinalRows): string {
  const missing = rows.missing.length > 0 ? [`Not measured: ${rows.missing.join('; ')}.`, ''] : [];
  return [
    ...missing,
    cellTable(rows.cells),
    halveTable(rows.halvings),
    flushTable(rows.flushes),
    frontierTable(rows.frontier),
  ]
    .flat()
    .join('\n');
}

function cellTable(cells: readonly CellRow[]): string[] {
  const places = [...new Set(cells.map(({ qps, workers, window }) => `${qps} ${workers} ${window}`))];
  const peers = ['bullmq-per-second', 'bullmq-one-per-interval', 'backoff'];
  const lines = places.map((place) => {
    const of = (mode: string) =>
      cells.find((it) => `${it.qps} ${it.workers} ${it.window}` === place && it.mode === mode);
    const cell = of('cardseal');
    const own = cell?.figures;
    const shares = peers.map((mode) => {
      const figures = of(mode)?.figures;
      return figures ? `${percent(figures.used, 1)} / ${percent(figures.refused, 1)}` : '–';
    });
    const [qps, workers, window] = place.split(' ');
    const ours = own
      ? `${percent(own.used)} / ${percent(own.refused)} | ${own.calls} | ${own.worstSecond.toFixed(2)} × | ${own.jitterMs?.slice(1).join(' / ') ?? '–'} | ${cell!.machineMs.slice(1).join(' / ')} | ${frontierOf(cell!)} | ${judge(own)}`
      : '– | – | – | – | – | – | –';
    return `| ${qps} | ${workers} | ${window} | ${ours} | ${shares.join(' | ')} |`;
  });
  return [
    'Used / refused. Target: ≥ 99 % used and ≤ 0.1 % refused where jitter from slot to arrival is below 8 ms at p99.9. A sleeper: how late a process wakes that does nothing else. Even spacing: the most that it can use with the best fixed margin, under the same jitter call for call, without more refusals.',
    '',
    '| calls/s | workers | window | Cardseal | calls | fullest second | slot → arrival p99 / p99.9, ms | a sleeper p99 / p99.9, ms | even spacing at these refusals | target | BullMQ `{max: Q, 1000}` | BullMQ `{max: 1, 1000/Q}` | backoff alone |',
    '|---|---|---|---|---|---|---|---|---|---|---|---|---|',
    ...lines,
    '',
  ];
}

/** The highest use of even spacing under the jitter of this row, with at most its refusals. */
function frontierOf({ lateMs, qps, window, figures }: CellRow): string {
  return lateMs.length > 0 ? percent(bestUse(evenSpacing(lateMs, qps, window), figures.refused)) : '–';
}

/** Both measured numbers; the table shows where the jitter was too high for the target. */
function judge({ used, refused, jitterMs }: CellRow['figures']): string {
  const reached = used >= 0.99 && refused <= 0.001;
  if (reached) return 'reached';
  return (jitterMs?.[2] ?? 0) > JITTER_BOUND_MS ? 'jitter above the bound' : 'missed';
}

function halveTable(rows: readonly HalveRow[]): string[] {
  const share = ({ used, refused }: HalveRow['held']) => `${percent(used, 1)} / ${percent(refused)}`;
  return [
    'The real limit halves, and doubles after 60 s (2 workers, sliding window, probing allowed). Used of the real limit / refused.',
    '',
    '| calls/s | first 10 s | 10–30 s | 30–60 s | 10–60 s | back at 95 % after doubling | last 10 s |',
    '|---|---|---|---|---|---|---|',
    ...rows.map(
      (row) =>
        `| ${row.qps} | ${share(row.first10s)} | ${share(row.from10to30s)} | ${share(row.from30to60s)} | ${share(row.held)} | ${row.backAfterSeconds === null ? 'not within 60 s' : `${row.backAfterSeconds} s`} | ${share(row.last10sDoubled)} |`,
    ),
    '',
  ];
}

function flushTable(rows: readonly FlushRow[]): string[] {
  return [
    'Redis emptied during the run (2 workers, sliding window).',
    '',
    '| calls/s | fullest second | refused, 10 s around it | calls again after |',
    '|---|---|---|---|',
    ...rows.map(
      (row) =>
        `| ${row.qps} | ${row.worstSecond.toFixed(2)} × | ${percent(row.refused)} | ${row.resumedMs ?? '–'} ms |`,
    ),
    '',
  ];
}

function frontierTable(rows: readonly FrontierRow[]): string[] {
  const share = ({ used, refused }: FrontierRow['plain']) => `${percent(used)} / ${percent(refused, 3)}`;
  return [
    'Simulated limit (exponential jitter, sliding window). Used / refused.',
    '',
    '| calls/s | jitter, mean | even spacing, 10 ms margin | Cardseal, jitter in the network | Cardseal, jitter that the sender sees |',
    '|---|---|---|---|---|',
    ...rows.map(
      (row) => `| ${row.qps} | ${row.meanMs} ms | ${share(row.plain)} | ${share(row.unseen)} | ${share(row.seen)} |`,
    ),
    '',
  ];
}
