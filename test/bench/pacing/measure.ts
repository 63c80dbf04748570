/** Computes figures from arrivals. Pure, so that figures can be computed again from the raw numbers. */
import type { Arrival } from './receiver.ts';

export interface Figures {
  calls: number;
  accepted: number;
  /** Accepted ÷ allowed. */
  used: number;
  /** Refused ÷ all. */
  refused: number;
  /** The most arrivals in any second, including refused ones, ÷ the limit. */
  worstSecond: number;
  /** Milliseconds from slot to arrival at 50 %, 99 % and 99.9 %; only where slots are known. */
  jitterMs?: [number, number, number];
}

export const between = (arrivals: readonly Arrival[], fromMs: number, toMs: number): Arrival[] =>
  arrivals.filter(([atMs]) => atMs >= fromMs && atMs < toMs);

export function figures(arrivals: readonly Arrival[], limit: number, seconds: number): Figures {
  const accepted = arrivals.filter(([, ok]) => ok).length;
  const late = lateness(arrivals).sort((a, b) => a - b);
  return {
    calls: arrivals.length,
    accepted,
    used: accepted / (limit * seconds),
    refused: arrivals.length > 0 ? 1 - accepted / arrivals.length : 0,
    worstSecond: mostInASecond(arrivals.map(([atMs]) => atMs)) / limit,
    ...(late.length > 0
      ? { jitterMs: [0.5, 0.99, 0.999].map((share) => round(at(late, share), 2)) as [number, number, number] }
      : {}),
  };
}

/** Milliseconds from slot to arrival, in the order of arrival; empty where slots are unknown. */
export const lateness = (arrivals: readonly Arrival[]): number[] =>
  arrivals.flatMap(([atMs, , slotMs]) => (slotMs > 0 ? [atMs - slotMs] : []));

function mostInASecond(times: readonly number[]): number {
  let most = 0;
  for (let from = 0, to = 0; to < times.length; to++) {
    while (times[to]! - times[from]! >= 1000) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

export const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;

export const median = (values: readonly number[]): number =>
  at(
    [...values].sort((a, b) => a - b),
    0.5,
  );

export const round = (value: number, digits: number): number => Number(value.toFixed(digits));

/** Accepted and refused calls per 100 ms, or per 1000 ÷ `perSecond` ms. */
export function bins(
  arrivals: readonly Arrival[],
  fromMs: number,
  seconds: number,
  perSecond = 10,
): [accepted: number, refused: number][] {
  const counts = Array.from({ length: seconds * perSecond }, () => [0, 0] as [number, number]);
  for (const [atMs, ok] of arrivals) {
    const bin = counts[Math.floor(((atMs - fromMs) * perSecond) / 1000)];
    if (bin) bin[ok ? 0 : 1] += 1;
  }
  return counts;
}
