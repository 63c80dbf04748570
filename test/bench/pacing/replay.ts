/**
 * Compares a measured row with the frontier: even spacing without learning gets the same jitter, call by call, with
 * every margin in turn. Pure.
 */
import type { ReceiverOrder } from './receiver.ts';

export interface Point {
  marginMs: number;
  used: number;
  refused: number;
}

const CALLS = 6000;
const MARGINS_MS = [0, 2, 4, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 70, 100];

/** @param lateMs time from slot to arrival of each call, in order; repeats from the start when it ends. */
export function evenSpacing(lateMs: readonly number[], qps: number, window: ReceiverOrder['window']): Point[] {
  return MARGINS_MS.map((marginMs) => {
    const stepMs = (1000 + marginMs) / qps;
    const arrivals = Array.from({ length: CALLS }, (_, n) => n * stepMs + lateMs[n % lateMs.length]!);
    const refused = refusedOf(
      arrivals.toSorted((a, b) => a - b),
      qps,
      window,
    );
    return { marginMs, used: (CALLS - refused) / (((CALLS * stepMs) / 1000) * qps), refused: refused / CALLS };
  });
}

/** The highest use of even spacing with at most this share of refusals. */
export function bestUse(points: readonly Point[], refused: number): number {
  return Math.max(0, ...points.filter((point) => point.refused <= refused).map(({ used }) => used));
}

function refusedOf(arrivals: readonly number[], limit: number, window: ReceiverOrder['window']): number {
  const counted: number[] = [];
  let refused = 0;
  for (const atMs of arrivals) {
    const fromMs = window === 'fixed' ? Math.floor(atMs / 1000) * 1000 : atMs - 1000;
    while (counted.length > 0 && (window === 'fixed' ? counted[0]! < fromMs : counted[0]! <= fromMs)) counted.shift();
    if (counted.length < limit) counted.push(atMs);
    else refused++;
  }
  return refused;
}
