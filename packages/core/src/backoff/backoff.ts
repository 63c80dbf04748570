/** Exponential backoff with a ceiling and full jitter above half: BullMQ's own has no maximum. */

export interface Backoff {
  baseMs: number;
  maxMs: number;
}

export const recognizeBackoff: Backoff = { baseMs: 1000, maxMs: 60_000 };
/** While the ledger is unavailable: no attempt is spent, and waiting jobs must not fill the workers with reads. */
export const ledgerBackoff: Backoff = { baseMs: 2000, maxMs: 16_000 };
/** Deletions that a store refused: retried until they are done, and seldom enough that thousands of them cost little. */
export const removalBackoff: Backoff = { baseMs: 5000, maxMs: 10 * 60_000 };
/** Long enough that other images show meanwhile whether the provider or one image is the cause. */
export const undecryptableBackoff: Backoff = { baseMs: 20_000, maxMs: 60_000 };
/**
 * A delivery that a fault on our side stops, such as an absent record. The first delay suits a store that answers wrongly
 * for a moment, the last one a record that an operator has to restore.
 */
export const faultBackoff: Backoff = { baseMs: 5000, maxMs: 600_000 };
export const overloadBackoff: Backoff = { baseMs: 5000, maxMs: 120_000 };

/**
 * @param attempt 1 for the first failure.
 * @param random in [0, 1).
 * @returns between half of, and the whole of, `min(maxMs, baseMs · 2^(attempt − 1))`, in milliseconds.
 */
export function backoffMs(attempt: number, random: number, { baseMs, maxMs }: Backoff): number {
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
