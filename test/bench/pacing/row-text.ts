/** Formats one line per row for the terminal while the pacing bench runs. */
import type { Figures } from './measure.ts';
import type { FlushRow, HalveRow, Measured } from './run.ts';

export const percent = (share: number, digits = 2): string => `${(share * 100).toFixed(digits)} %`;

export function cellLine(
  cell: { qps: number; workers: number; window: string; mode: string },
  {
    used,
    refused,
    worstSecond,
    jitterMs,
    machineMs,
  }: Pick<Figures, 'used' | 'refused' | 'worstSecond' | 'jitterMs'> & {
    machineMs?: Measured['machineMs'];
  },
): string {
  const head = `${String(cell.qps).padStart(4)} qps ${cell.workers} workers ${cell.window.padEnd(8)} ${cell.mode.padEnd(24)}`;
  const sleeper = machineMs ? `  a sleeper p99 ${machineMs[1]} p99.9 ${machineMs[2]} ms` : '';
  const jitter = jitterMs ? `  slot → arrival p50 ${jitterMs[0]} p99 ${jitterMs[1]} p99.9 ${jitterMs[2]} ms` : '';
  return `${head} used ${percent(used).padStart(9)}  refused ${percent(refused).padStart(9)}  worst second ${worstSecond.toFixed(2)} ×${jitter}${sleeper}`;
}

export function halveLines(row: HalveRow): string {
  const half = Math.floor(row.qps / 2);
  const spans = (['first10s', 'from10to30s', 'from30to60s', 'held', 'last10sDoubled'] as const).map(
    (name) => `  ${name.padEnd(16)} used ${percent(row[name].used, 1)}  refused ${percent(row[name].refused)}`,
  );
  const back = row.backAfterSeconds ?? '> 60';
  return [
    `${row.qps} → ${half} → ${row.qps}, ${row.window} second; at 95 % again ${back} s after doubling`,
    ...spans,
  ].join('\n');
}

export const flushLine = ({ qps, worstSecond, refused, resumedMs }: FlushRow): string =>
  `${qps} qps, FLUSHALL: worst second ${worstSecond.toFixed(2)} ×, refused ${percent(refused)}, calls again after ${resumedMs} ms`;
