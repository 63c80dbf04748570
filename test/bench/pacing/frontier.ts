/**
 * The best possible trade of use against refusals under high jitter, in simulated time: even spacing with a fixed
 * margin, and this project's pacer, against the same provider. `way` is network jitter that the sender cannot observe;
 * `late` is lateness that it can.
 */
import { exponential, type SimulationResult, simulate } from '@cardseal/pacer/simulation';
import { round } from './measure.ts';

const SECONDS = 300;
const SKIPPED_SECONDS = 20;

interface Shares {
  used: number;
  refused: number;
}

export interface FrontierRow {
  qps: number;
  meanMs: number;
  plain: Shares;
  unseen: Shares;
  seen: Shares;
}

const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);

function shares(result: Pick<SimulationResult, 'accepted' | 'refused'>, qps: number): Shares {
  const accepted = sum(result.accepted.slice(SKIPPED_SECONDS));
  const refused = sum(result.refused.slice(SKIPPED_SECONDS));
  return {
    used: round(accepted / qps / (SECONDS - SKIPPED_SECONDS), 4),
    refused: round(refused / (accepted + refused), 5),
  };
}

/** A fixed margin without learning or correction, as in a plain reservation. */
function fixedMargin(qps: number, meanMs: number, marginMs: number, seed: number): Shares {
  const pinned = { initialMarginMs: marginMs, minMarginMs: marginMs, maxMarginMs: marginMs, evenness: 1 };
  return shares(
    simulate({
      seed,
      qps,
      seconds: SECONDS,
      window: 'sliding',
      wayMs: exponential(meanMs),
      options: pinned,
      teach: false,
    }),
    qps,
  );
}

export function frontier(): FrontierRow[] {
  const rows: FrontierRow[] = [];
  for (const qps of [10, 50, 100, 200]) {
    for (const meanMs of [1, 2, 3, 5]) {
      const run = (jitter: object) =>
        shares(simulate({ seed: 11, qps, seconds: SECONDS, window: 'sliding', ...jitter }), qps);
      const unseen = run({ wayMs: exponential(meanMs) });
      const seen = run({ lateMs: exponential(meanMs), wayMs: exponential(0.3) });
      const plain = fixedMargin(qps, meanMs, 10, 11);
      rows.push({ qps, meanMs, plain, unseen, seen });
      const show = ({ used, refused }: Shares) => `${(used * 100).toFixed(2)} % / ${(refused * 100).toFixed(3)} %`;
      console.log(
        `${String(qps).padStart(4)} qps, jitter ${meanMs} ms mean: even spacing, 10 ms margin ${show(plain)}   ours, unseen ${show(unseen)}   ours, seen by the sender ${show(seen)}`,
      );
    }
  }
  return rows;
}
